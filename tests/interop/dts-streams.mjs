#!/usr/bin/env node
// SPDX-License-Identifier: LGPL-2.1-or-later
// SecureStream and MultiChannelStream of the dev-tunnels-ssh npm package, for interoperability tests.
// Options and events are those of devssh-peer-streams. Every event is one JSON object on one line of standard output.
import net from 'node:net';
import ssh from '@microsoft/dev-tunnels-ssh';
import { ByteSource, emit, loadKey, parseArgs, sleep } from './dts-common.mjs';

const usage = `usage: dts-streams.mjs secure|multi [options]
  --port N          connect there; without it listen, and echo
  --url URL         secure: connect there, through a WebSocket (node --experimental-websocket)
  --key FILE        secure: log in with that private key
  --bytes N         how many to send and get back (1048576); of each channel
  --channels N      multi: how many channels at once (5)
  --refuse          secure: accept nobody
  --reconnect       secure: the stream outlives its connection
  --drops N         secure: how often the connection is dropped meanwhile (0)
  --close-by-peer   multi: ask the other end to close
  --hang-up         listening, secure: close the stream when so many bytes were echoed
  --say-goodbye     secure: close the stream with a DISCONNECT; ours has only one way
`;

const opts = parseArgs(process.argv.slice(3), {
	port: 'int', url: 'str', key: 'str', bytes: 'int', channels: 'int', refuse: 'bool', reconnect: 'bool', drops: 'int',
	'close-by-peer': 'bool', 'hang-up': 'bool', 'say-goodbye': 'bool',
}, usage);
const kind = process.argv[2];
const total = opts.bytes ?? 1048576;
const drops = opts.drops ?? 0;
const CHUNK = 16384;
const reason = (e) => ssh.SshDisconnectReason[e.reason];

process.on('unhandledRejection', (err) => emit('unhandled', { message: String(err?.message ?? err) }));

async function dial() {
	const socket = net.connect({ host: '127.0.0.1', port: opts.port, noDelay: true });
	await new Promise((resolve, reject) => {
		socket.once('connect', resolve);
		socket.once('error', reject);
	});
	socket.on('error', () => {});
	return socket;
}

async function dialWeb() {
	const socket = new WebSocket(opts.url);
	socket.binaryType = 'arraybuffer';
	await new Promise((resolve, reject) => {
		socket.addEventListener('open', resolve);
		socket.addEventListener('error', (e) => reject(new Error(e.message ?? 'no WebSocket')));
	});
	return new ssh.WebSocketStream(socket);
}

// What comes through a stream, and whoever waits for so much of it.
class Inbox {
	constructor(stream) {
		this.length = 0;
		this.ended = false;
		this.source = new ByteSource(7, Number.MAX_SAFE_INTEGER);
		this.waiting = [];
		const wake = () => {
			for (const w of this.waiting.splice(0)) w();
		};
		stream.on('data', (data) => {
			this.length += data.length;
			wake();
		});
		stream.on('end', () => {
			this.ended = true;
			wake();
		});
	}
	async until(condition) {
		while (!condition()) await new Promise((resolve) => this.waiting.push(resolve));
	}
}

const write = (stream, data) => new Promise((resolve, reject) => stream.write(data, (e) => (e ? reject(e) : resolve())));

// Sends bytes and compares what comes back.
async function roundTrip(stream, onReceived = async () => {}) {
	const inbox = new Inbox(stream);
	const src = new ByteSource(7, total);
	const back = new ByteSource(7, total);
	let same = true;
	const kept = [];
	stream.on('data', (data) => kept.push(data));
	const sending = (async () => {
		while (src.left > 0) await write(stream, src.next(CHUNK));
	})();
	await onReceived(inbox);
	await sending;
	await inbox.until(() => inbox.length >= total || inbox.ended);
	const got = Buffer.concat(kept);
	for (let at = 0; back.left > 0; ) {
		const expected = back.next(CHUNK);
		same &&= got.subarray(at, at + expected.length).equals(expected);
		at += expected.length;
	}
	if (!same || got.length !== total) throw new Error(`echoed data differs: ${got.length} of ${total} bytes`);
	return inbox;
}

// ---- secure ----

function watch(stream) {
	stream.onAuthenticating((e) => {
		emit('authenticating', { type: ssh.SshAuthenticationType[e.authenticationType] });
		e.authenticationPromise = Promise.resolve(opts.refuse ? null : {});
	});
	stream.onDisconnected(() => emit('disconnected'));
	stream.onClosed((e) => emit('closed', { reason: reason(e) }));
	stream.on('error', () => {});
}

// One ends in CLOSE, the other in DISCONNECT with the reason 0.
function hangUp(stream) {
	if (opts['say-goodbye']) stream.close().catch(() => {});
	else stream.end();
}

async function connectSecure(stream) {
	try {
		await stream.connect();
		return true;
	} catch (e) {
		emit('failed', { reason: reason(e) ?? 'none', message: e.message });
		return false;
	}
}

async function secureServer() {
	const key = await ssh.SshAlgorithms.publicKey.ecdsaSha2Nistp384.generateKeyPair();
	const sessions = opts.reconnect ? [] : undefined;
	const server = net.createServer({ noDelay: true }, async (socket) => {
		socket.on('error', () => {});
		const stream = new ssh.SecureStream(socket, { publicKeys: [key] }, sessions);
		watch(stream);
		let echoed = 0;
		stream.on('data', async (data) => {
			echoed += data.length;
			await write(stream, Buffer.from(data));
			if (opts['hang-up'] && echoed >= total) {
				await sleep(0);
				hangUp(stream);
			}
		});
		if (await connectSecure(stream)) emit(stream.isClosed ? 'merged' : 'connected');
	});
	server.listen(0, '127.0.0.1', () => emit('listening', { port: server.address().port }));
}

async function secureClient() {
	let socket = await (opts.url ? dialWeb() : dial());
	const user = opts.key ? { username: 'test', publicKeys: [await loadKey(opts.key)] } : { username: 'test', password: 'secret' };
	const stream = new ssh.SecureStream(socket, user, opts.reconnect);
	watch(stream);
	const closed = new Promise((resolve) => stream.onClosed(resolve));
	if (!(await connectSecure(stream))) return;
	emit('connected');
	const inbox = await roundTrip(stream, async (box) => {
		for (let i = 0; i < drops; i++) {
			await box.until(() => box.length >= Math.floor((total * (i + 1)) / (drops + 1)));
			const gone = new Promise((resolve) => stream.onDisconnected(resolve));
			socket.destroy();
			await gone;
			socket = await dial();
			await stream.reconnect(socket);
			emit('reconnected');
		}
	});
	emit('echoed', { bytes: total });
	if (opts['hang-up']) await inbox.until(() => inbox.ended);
	else hangUp(stream);
	await closed;
}

// ---- multi ----

async function multiServer() {
	const server = net.createServer({ noDelay: true }, async (socket) => {
		socket.on('error', () => {});
		const stream = new ssh.MultiChannelStream(new ssh.NodeStream(socket));
		stream.onClosed((e) => emit('closed', { reason: reason(e) }));
		stream.onChannelOpening((e) => emit('opening', { type: e.channel.channelType, remote: e.isRemoteRequest }));
		const running = stream.connectAndRunUntilClosed();
		(async () => {
			for (;;) {
				const s = await stream.acceptStream();
				s.on('data', (data) => s.write(Buffer.from(data)));
			}
		})().catch(() => {});
		stream.acceptChannel('please-close').then(() => stream.close(), () => {});
		const mine = await stream.openStream('from-listener');
		await write(mine, Buffer.from('hello'));
		mine.on('data', (data) => emit('answered', { text: data.toString() }));
		await running;
		emit('ran');
	});
	server.listen(0, '127.0.0.1', () => emit('listening', { port: server.address().port }));
}

async function multiClient() {
	const stream = new ssh.MultiChannelStream(new ssh.NodeStream(await dial()));
	const closed = new Promise((resolve) => stream.onClosed(resolve));
	stream.onClosed((e) => emit('closed', { reason: reason(e) }));
	const theirs = await stream.acceptStream('from-listener');
	await new Promise((resolve) => {
		theirs.on('data', async (data) => {
			emit('heard', { text: data.toString() });
			await write(theirs, Buffer.from('and back'));
			resolve();
		});
	});
	const n = opts.channels ?? 5;
	await Promise.all(Array.from({ length: n }, async () => {
		const s = await stream.openStream();
		await roundTrip(s);
		s.end();
	}));
	emit('echoed', { bytes: total, channels: n });
	if (opts['close-by-peer']) await stream.openChannel('please-close').catch(() => {});
	else {
		await stream.close();
		await stream.close();
	}
	await closed;
}

const run = { secure: [secureServer, secureClient], multi: [multiServer, multiClient] }[kind];
if (!run) {
	process.stderr.write(usage);
	process.exit(2);
}
if (opts.port === undefined && !opts.url) run[0]();
else {
	try {
		await run[1]();
		emit('done');
		process.exit(0);
	} catch (e) {
		emit('error', { message: e.message });
		process.exit(1);
	}
}
