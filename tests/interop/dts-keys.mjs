// SPDX-License-Identifier: LGPL-2.1-or-later
// The key files of Dev Tunnels SSH, and of Node itself, one JSON line in, one out.
//   {"read": "-----BEGIN ...", "passphrase": null}   what it reads: {"public": "ssh-rsa AAAA... comment", "private": true}
//   {"jwk": {"kty": ...}, "private": false}          whether Node reads that: {"spki": base64}
//   {"make": "ecdsa-sha2-nistp384"}                  a new key in every format: {"public": "...", "files": {name: text}}
import { createInterface } from 'node:readline';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import ssh from '@microsoft/dev-tunnels-ssh';
import keys from '@microsoft/dev-tunnels-ssh-keys';

const PASSPHRASE = 'password';
const FORMAT = { ssh: 1, pkcs1: 3, sec1: 4, pkcs8: 5, jwk: 7 };
const algorithms = Object.values(ssh.SshAlgorithms.publicKey).filter((algorithm) => algorithm);

const line = async (key) => (await keys.exportPublicKey(key, FORMAT.ssh)).trim();

async function read({ read: text, passphrase }) {
	const key = await keys.importKey(text, passphrase);
	return { public: await line(key), private: !!key.hasPrivateKey };
}

function jwk({ jwk: key, private: secret }) {
	const half = secret ? createPublicKey(createPrivateKey({ key, format: 'jwk' })) : createPublicKey({ key, format: 'jwk' });
	return { spki: half.export({ type: 'spki', format: 'der' }).toString('base64') };
}

async function make({ make: name }) {
	const key = await algorithms.find((algorithm) => algorithm.name === name).generateKeyPair();
	const old = name.startsWith('ecdsa') ? 'sec1' : 'pkcs1';
	const files = {};
	key.comment = 'made by Dev Tunnels SSH';
	for (const format of ['ssh', 'pkcs8', 'jwk', ...(old === 'pkcs1' ? ['pkcs1'] : [])])
		files[`${format} public`] = await keys.exportPublicKey(key, FORMAT[format]);
	for (const format of ['pkcs8', 'jwk', old]) files[format] = await keys.exportPrivateKey(key, null, FORMAT[format]);
	for (const format of ['pkcs8', old])
		try {
			files[`${format} encrypted`] = await keys.exportPrivateKey(key, PASSPHRASE, FORMAT[format]);
		} catch {
			// Not every version encrypts every format.
		}
	return { public: await line(key), files };
}

for await (const text of createInterface({ input: process.stdin })) {
	const order = JSON.parse(text);
	let answer;
	try {
		answer = await (order.read ? read(order) : order.jwk ? jwk(order) : make(order));
	} catch (error) {
		answer = { error: String(error.message ?? error) };
	}
	console.log(JSON.stringify(answer));
}
