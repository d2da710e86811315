package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

const completionLong = `Prints a script that teaches the shell commands, flags and their values.

Examples:
  source <(bedrock completion bash)
  bedrock completion zsh > "${fpath[1]}/_bedrock"
  bedrock completion fish > ~/.config/fish/completions/bedrock.fish
`

func completionCommand() command {
	return command{
		name: "completion", args: "bash|zsh|fish", short: "a script that completes commands and flags in the shell", long: completionLong,
		setup: func(*flag.FlagSet) func(context.Context, env, []string) error {
			return func(_ context.Context, e env, args []string) error {
				if len(args) != 1 {
					return usagef("which shell? bash, zsh or fish")
				}
				write, ok := map[string]func(io.Writer, []completed) error{"bash": completeBash, "zsh": completeZsh, "fish": completeFish}[args[0]]
				if !ok {
					return usagef("%q: there is bash, zsh and fish", args[0])
				}
				return write(e.stdout, completions())
			}
		},
	}
}

// completed is a command as a shell sees it.
type completed struct {
	path  string // "token mint", "" for bedrock itself
	short string
	words []completedWord // subcommands, or the arguments that are known
	flags []completedFlag
}

type completedWord struct{ name, short string }

type completedFlag struct {
	name, usage string
	takesValue  bool
	values      []string // that it can have; nil: any
}

// completions walks the table of commands.
func completions() []completed {
	root := completed{}
	var all []completed
	var walk func(prefix string, into *completed, table []command)
	walk = func(prefix string, into *completed, table []command) {
		for _, c := range table {
			into.words = append(into.words, completedWord{c.name, c.short})
			this := completed{path: strings.TrimSpace(prefix + " " + c.name), short: c.short}
			if c.sub != nil {
				walk(this.path, &this, c.sub)
				all = append(all, completed{path: "help " + this.path, words: this.words})
			} else {
				this.flags = completedFlags(c)
				this.words = knownArguments(c)
			}
			all = append(all, this)
		}
	}
	walk("", &root, commands())
	return append([]completed{root}, all...)
}

// knownArguments are those of help and of commands whose usage lists them:
// bash|zsh|fish.
func knownArguments(c command) (all []completedWord) {
	if c.name == "help" {
		for _, name := range topicNames {
			all = append(all, completedWord{name, "topic"})
		}
		all = append(all, completedWord{"topics", "list of topics"})
		for _, c := range commands() {
			if !strings.Contains(" "+strings.Join(topicNames, " ")+" ", " "+c.name+" ") && c.name != "help" {
				all = append(all, completedWord{c.name, c.short})
			}
		}
		return all
	}
	if strings.ToLower(c.args) == c.args && strings.Contains(c.args, "|") && !strings.ContainsAny(c.args, "[-") {
		for name := range strings.SplitSeq(c.args, "|") {
			all = append(all, completedWord{name, ""})
		}
	}
	return all
}

func completedFlags(c command) (all []completedFlag) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	c.setup(fs)
	fs.VisitAll(func(f *flag.Flag) {
		usage := f.Usage
		if long, ok := strings.CutPrefix(usage, aliasOf); ok {
			usage = fs.Lookup(long).Usage
		}
		this := completedFlag{name: dashes(f.Name) + f.Name, usage: strings.ReplaceAll(usage, "`", ""), takesValue: !isBool(f)}
		if v, ok := f.Value.(interface{ choices() []string }); ok {
			this.values = v.choices()
		}
		if name := strings.TrimSuffix(f.Name, "s"); this.values == nil && (name == "region" || name == "r") {
			this.values = slices.Concat(commercialRegions, govRegions)
			if f.Name == "regions" {
				this.values = append(this.values, "all")
			}
		}
		all = append(all, this)
	})
	return append(all, completedFlag{name: "-h", usage: "show flags and examples"})
}

// dashes are what stands before a flag's name.
func dashes(name string) string {
	if len(name) == 1 || name == "vv" {
		return "-"
	}
	return "--"
}

func (c completed) names() string {
	var all []string
	for _, w := range c.words {
		all = append(all, w.name)
	}
	return strings.Join(all, " ")
}

func (c completed) flagNames() string {
	var all []string
	for _, f := range c.flags {
		all = append(all, f.name)
	}
	return strings.Join(all, " ")
}

const bashScript = `# bash completion for bedrock
_bedrock() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path= words= flags= i
  case "$cur" in =) cur= ;; *) [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]} ;; esac # --flag=value
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path ${COMP_WORDS[i]}" in
%s    esac
  done
  case "$path $prev" in
%s  esac
  case "$path" in
%s  esac
  case "$cur" in
  -*) COMPREPLY=($(compgen -W "$flags" -- "$cur")) ;;
  *) COMPREPLY=($(compgen -W "$words" -- "$cur")) ;;
  esac
}
complete -o default -F _bedrock bedrock
`

func completeBash(w io.Writer, all []completed) error {
	paths, values, lists := shellCases(all, func(list string) string { return `COMPREPLY=($(compgen -W "` + list + `" -- "$cur")); return` }, "COMPREPLY=(); return")
	_, err := fmt.Fprintf(w, bashScript, paths, values, lists)
	return err
}

const zshScript = `#compdef bedrock
# zsh completion for bedrock
_bedrock() {
  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} path_= names= flags= i
  for ((i = 2; i < CURRENT; i++)); do
    case "$path_ ${words[i]}" in
%s    esac
  done
  case "$path_ $prev" in
%s  esac
  case "$path_" in
%s  esac
  case "$cur" in
  -*) compadd -- ${=flags} ;;
  *) if [[ -n "$names" ]]; then compadd -- ${=names}; else _files; fi ;;
  esac
}
if [ "$funcstack[1]" = "_bedrock" ]; then _bedrock "$@"; else compdef _bedrock bedrock; fi
`

func completeZsh(w io.Writer, all []completed) error {
	paths, values, lists := shellCases(all, func(list string) string { return "compadd -- " + list + "; return" }, "_files; return")
	_, err := fmt.Fprintf(w, zshScript, strings.ReplaceAll(paths, "path=", "path_="), values, strings.ReplaceAll(lists, "words=", "names="))
	return err
}

// shellCases are the cases of both scripts: which word leads to which command,
// what completes the value of a flag, and the words and flags of a command.
func shellCases(all []completed, offer func(list string) string, anything string) (paths, values, lists string) {
	var p, v, l strings.Builder
	for _, c := range all {
		if c.path != "" {
			fmt.Fprintf(&p, "    %q) path=%q ;;\n", " "+c.path, " "+c.path)
		}
		var open []string // flags whose value can be anything
		for _, f := range c.flags {
			if f.values != nil {
				fmt.Fprintf(&v, "  %q) %s ;;\n", " "+c.path+" "+f.name, offer(strings.Join(f.values, " ")))
			} else if f.takesValue {
				open = append(open, fmt.Sprintf("%q", " "+c.path+" "+f.name))
			}
		}
		if len(open) > 0 {
			fmt.Fprintf(&v, "  %s) %s ;;\n", strings.Join(open, "|"), anything)
		}
		path := c.path
		if path != "" {
			path = " " + path
		}
		fmt.Fprintf(&l, "  %q) words=%q flags=%q ;;\n", path, c.names(), c.flagNames())
	}
	return p.String(), v.String(), l.String()
}

func completeFish(w io.Writer, all []completed) error {
	var b strings.Builder
	b.WriteString("# fish completion for bedrock\n")
	for _, c := range all {
		when := "__fish_use_subcommand"
		if words := strings.Fields(c.path); len(words) > 0 {
			when = "__fish_seen_subcommand_from " + words[0]
			if len(words) > 1 {
				when += "; and __fish_seen_subcommand_from " + words[1]
			}
		}
		yet := when // no word of the command's own
		if c.path != "" {
			yet += "; and not __fish_seen_subcommand_from " + c.names()
		}
		for _, word := range c.words {
			fmt.Fprintf(&b, "complete -c bedrock -f -n %s -a %s -d %s\n", fishQuote(yet), word.name, fishQuote(word.short))
		}
		for _, f := range c.flags {
			kind := "-o" // one dash, not to be combined as -s would be
			if strings.HasPrefix(f.name, "--") {
				kind = "-l"
			}
			fmt.Fprintf(&b, "complete -c bedrock -n %s %s %s", fishQuote(when), kind, strings.TrimLeft(f.name, "-"))
			if f.values != nil {
				fmt.Fprintf(&b, " -x -a %s", fishQuote(strings.Join(f.values, " ")))
			} else if f.takesValue {
				b.WriteString(" -r")
			}
			fmt.Fprintf(&b, " -d %s\n", fishQuote(f.usage))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
