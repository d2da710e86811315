'use strict';

// The page asks POST prompt/streamed and shows the events as they come. It
// fetches nothing else.

const byID = (id) => document.getElementById(id);
const ask = byID('ask'), prompt = byID('prompt'), send = byID('send'), stop = byID('stop');
const status = byID('status'), answers = byID('answers'), login = byID('login'), token = byID('token');

let running = null; // the AbortController of the answer under way

// --- the token, for as long as the tab lives

let kept = '';
try {
	kept = sessionStorage.getItem('token') || '';
} catch {
	// storage is off: the token lives as long as the page
}

function keep(value) {
	kept = value;
	try {
		sessionStorage.setItem('token', value);
	} catch {
		// as above
	}
}

// askForToken resolves to false when it is not given.
function askForToken(reason) {
	if (reason) {
		byID('login-reason').textContent = reason;
	}
	token.value = '';
	login.returnValue = '';
	login.showModal();
	return new Promise((resolve) => {
		login.addEventListener('close', () => {
			const given = token.value.trim();
			token.value = '';
			if (given) {
				keep(given);
			}
			prompt.focus();
			resolve(given !== '');
		}, { once: true });
	});
}

login.addEventListener('cancel', () => { token.value = ''; });

// --- asking

class Refusal extends Error {
	constructor(error, retryAfter) {
		super(error.message);
		this.code = error.code;
		this.requestId = error.requestId;
		this.retryAfter = retryAfter;
	}
}

// A token that no header can hold must be refused like any other wrong one,
// and not by fetch itself.
const post = (text, signal) => fetch('prompt/streamed', {
	method: 'POST',
	headers: {
		'Content-Type': 'application/json',
		'Accept': 'text/event-stream',
		...(kept && { 'Authorization': 'Bearer ' + kept.replace(/[^!-~]/g, '?') }),
	},
	body: JSON.stringify({ prompt: text }),
	signal,
});

// answered posts the prompt, and asks for the token when it is the wrong one.
async function answered(text, signal) {
	for (;;) {
		const response = await post(text, signal);
		if (response.ok) {
			return response;
		}
		const body = await response.json().catch(() => ({}));
		const error = body.error || { message: 'The service answered ' + response.status + ' ' + response.statusText, code: '' };
		if (response.status !== 401 || !await askForToken('That token was refused. Which is the right one?')) {
			throw new Refusal(error, response.headers.get('Retry-After'));
		}
	}
}

// events yields the server-sent events of a body: their names and data.
async function* events(body) {
	const reader = body.getReader();
	const decoder = new TextDecoder();
	let text = '';
	for (;;) {
		const { value, done } = await reader.read();
		if (done) {
			return;
		}
		text += decoder.decode(value, { stream: true });
		const records = text.split('\n\n');
		text = records.pop();
		for (const record of records) {
			const event = { name: 'message', data: '' };
			for (const line of record.split('\n')) {
				if (line.startsWith('event: ')) {
					event.name = line.slice(7);
				} else if (line.startsWith('data: ')) {
					event.data += line.slice(6);
				}
			}
			if (event.data) {
				yield { name: event.name, data: JSON.parse(event.data) };
			}
		}
	}
}

// read shows a whole answer and returns what its last event tells of it.
async function read(card, text, signal) {
	const response = await answered(text, signal);
	for await (const event of events(response.body)) {
		switch (event.name) {
		case 'message':
			card.say(event.data.text);
			break;
		case 'done':
			return event.data;
		case 'error':
			throw new Refusal(event.data.error);
		}
	}
	throw new Refusal({ message: 'The answer broke off: the connection ended before it was whole.', code: '' });
}

async function run(text) {
	const start = performance.now();
	const card = new Card(text);
	running = new AbortController();
	busy(true);
	status.textContent = 'Waiting…';
	try {
		const end = await read(card, text, running.signal);
		if (!card.begun) {
			card.say('The answer holds no text.');
		}
		card.end(smallPrint(end, performance.now() - start));
		status.textContent = 'Done.';
	} catch (error) {
		if (running.signal.aborted) {
			card.end('stopped');
			status.textContent = 'Stopped.';
		} else {
			card.fail(error);
			status.textContent = '';
			if (!card.begun && !prompt.value) {
				prompt.value = text; // to be sent again
			}
		}
	}
	running = null;
	busy(false);
}

// busy swaps Send and Stop and keeps the focus where somebody can use it. A
// screen reader hears the answer once it is whole.
function busy(on) {
	const lost = document.activeElement === (on ? send : stop);
	answers.setAttribute('aria-busy', String(on));
	send.hidden = on;
	stop.hidden = !on;
	if (lost) {
		(on ? stop : prompt).focus();
	}
}

// --- showing

const stopReasons = {
	max_tokens: 'cut at the limit of tokens', length: 'cut at the limit of tokens', LENGTH: 'cut at the limit of tokens',
	model_context_window_exceeded: 'cut: the context window is full',
	guardrail_intervened: 'a guardrail intervened', INTERVENED: 'a guardrail intervened',
	content_filtered: 'withheld by a filter', content_filter: 'withheld by a filter', CONTENT_FILTERED: 'withheld by a filter', refusal: 'the model refused',
	stop_sequence: 'ended by a stop sequence',
};

function smallPrint(end, ms) {
	const usage = end.usage && `${end.usage.inputTokens} tokens in, ${end.usage.outputTokens} out`;
	return joined(stopReasons[end.stopReason], end.model, usage, (ms / 1000).toFixed(1) + ' s', requestID(end));
}

const requestID = (told) => told.requestId && 'request id ' + told.requestId;
const joined = (...parts) => parts.filter(Boolean).join(' · ');

class Card {
	constructor(question) {
		this.node = byID('answer').content.firstElementChild.cloneNode(true);
		this.begun = false;
		this.text = document.createTextNode('Waiting…');
		this.part('.question').textContent = question;
		this.part('.text').append(this.text);
		this.node.classList.add('waiting', 'running');
		this.part('.copy').addEventListener('click', (event) => copy(this.text.data, event.currentTarget));
		answers.prepend(this.node);
	}

	part(selector) {
		return this.node.querySelector(selector);
	}

	say(text) {
		if (!this.begun) {
			this.begun = true;
			this.text.data = '';
			this.node.classList.remove('waiting');
			status.textContent = 'Answering…';
		}
		this.text.appendData(text);
	}

	end(small) {
		if (!this.begun) {
			this.text.data = '';
		}
		this.node.classList.remove('waiting', 'running');
		this.part('.copy').hidden = !this.begun;
		this.part('.small').textContent = small;
	}

	fail(error) {
		const line = this.part('.error');
		const refused = error instanceof Refusal;
		line.textContent = refused ? sentence(error.message) : 'The service cannot be reached: is it still running?';
		if (refused && error.retryAfter) {
			line.textContent += ` Try again in ${error.retryAfter} s.`;
		}
		line.hidden = false;
		this.end(joined(error.code, requestID(error)));
	}
}

function sentence(text) {
	const first = text.charAt(0).toUpperCase() + text.slice(1);
	return /[.!?…]$/.test(first) ? first : first + '.';
}

async function copy(text, button) {
	try {
		await navigator.clipboard.writeText(text);
	} catch {
		copyBySelection(text); // over plain http from another machine there is no clipboard
	}
	button.textContent = 'Copied';
	status.textContent = 'Copied.';
	setTimeout(() => { button.textContent = 'Copy'; }, 2000);
}

function copyBySelection(text) {
	const area = document.createElement('textarea');
	area.value = text;
	document.body.append(area);
	area.select();
	document.execCommand('copy');
	area.remove();
}

// --- keys and buttons

ask.addEventListener('submit', (event) => {
	event.preventDefault();
	const text = prompt.value;
	if (running || !text.trim()) {
		return;
	}
	prompt.value = '';
	run(text);
});

prompt.addEventListener('keydown', (event) => {
	if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
		event.preventDefault();
		ask.requestSubmit();
	}
});

stop.addEventListener('click', () => running && running.abort());

document.addEventListener('keydown', (event) => {
	if (event.key === 'Escape' && running && !login.open) {
		running.abort();
	}
});

if (document.body.dataset.token === 'required' && !kept) {
	askForToken();
}
