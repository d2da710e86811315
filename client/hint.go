package client

import "strings"

// finish derives what follows from the other fields: the hint.
func (e *Error) finish() {}

type hintRow struct{ is error }

func (e *Error) row() *hintRow { return nil }

// fold makes messages comparable: lower case, plain apostrophes, single spaces.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.ToLower(strings.ReplaceAll(s, "’", "'"))), " ")
}
