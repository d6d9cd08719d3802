#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Makes the key fixtures of this folder, from fresh keys, with openssl, ssh-keygen and
# puttygen, and then README.md. Run it in an empty folder: it refuses to overwrite.
#   name: TYPE-FORMAT[-ENCRYPTION][.pub]
set -euo pipefail
PASS=password
cd "${1:-.}"
ls ./*-pkcs8* >/dev/null 2>&1 && { echo "fixtures exist already" >&2; exit 1; }

jwk() { # name: writes NAME-jwk-private.json and NAME-jwk-public.json from NAME-pkcs8-none
	node -e '
const fs = require("fs"), { createPrivateKey, createPublicKey } = require("crypto");
const [name] = process.argv.slice(1);
const key = createPrivateKey(fs.readFileSync(name + "-pkcs8-none"));
fs.writeFileSync(name + "-jwk-none.json", JSON.stringify(key.export({ format: "jwk" }), null, 1) + "\n");
fs.writeFileSync(name + "-jwk.pub.json", JSON.stringify(createPublicKey(key).export({ format: "jwk" }), null, 1) + "\n");
' "$1"
}

public_forms() { # name
	ssh-keygen -y -f "$1-openssh-none" | sed "s/\$/ $1@example.com/;s/ [^ ]*@example.com $1@/ $1@/" > "$1-ssh.pub"
	ssh-keygen -e -m RFC4716 -f "$1-ssh.pub" > "$1-rfc4716.pub"
	openssl pkey -in "$1-pkcs8-none" -pubout -out "$1-spki.pub"
	openssl pkey -in "$1-pkcs8-none" -pubout -outform DER -out "$1-spki-der.pub"
}

openssh_forms() { # name; needs NAME-openssh-none
	cp "$1-openssh-none" "$1-openssh-aes256ctr"
	ssh-keygen -q -p -P '' -N "$PASS" -Z aes256-ctr -a 16 -f "$1-openssh-aes256ctr" >/dev/null
	cp "$1-openssh-none" "$1-openssh-aes256cbc"
	ssh-keygen -q -p -P '' -N "$PASS" -Z aes256-cbc -a 16 -f "$1-openssh-aes256cbc" >/dev/null
	cp "$1-openssh-none" "$1-openssh-aes256gcm"
	ssh-keygen -q -p -P '' -N "$PASS" -Z aes256-gcm@openssh.com -a 16 -f "$1-openssh-aes256gcm" >/dev/null
	cp "$1-openssh-none" "$1-openssh-chacha20"
	ssh-keygen -q -p -P '' -N "$PASS" -Z chacha20-poly1305@openssh.com -a 16 -f "$1-openssh-chacha20" >/dev/null
	puttygen "$1-openssh-none" -O private -o "$1-ppk3-none.ppk"
	printf '%s' "$PASS" > .pass
	puttygen "$1-openssh-none" -O private --ppk-param version=3,kdf=argon2id,memory=1024,time=50 --new-passphrase .pass -o "$1-ppk3-aes256cbc.ppk"
	puttygen "$1-openssh-none" -O private --ppk-param version=2 --new-passphrase .pass -o "$1-ppk2-aes256cbc.ppk"
	case $1 in rsa*)
	puttygen "$1-openssh-none" -O private-sshcom -o "$1-sshcom-none"
	puttygen "$1-openssh-none" -O private-sshcom --new-passphrase .pass -o "$1-sshcom-des3cbc";;
	esac
	rm -f .pass
}

pkcs8_forms() { # name; needs NAME-pkcs8-none
	openssl pkcs8 -topk8 -in "$1-pkcs8-none" -outform DER -nocrypt -out "$1-pkcs8-none.der"
	openssl pkcs8 -topk8 -in "$1-pkcs8-none" -v2 aes-256-cbc -v2prf hmacWithSHA256 -passout pass:$PASS -out "$1-pkcs8-aes256cbc"
	openssl pkcs8 -topk8 -in "$1-pkcs8-none" -v2 aes-256-cbc -v2prf hmacWithSHA512 -iter 10000 -passout pass:$PASS -out "$1-pkcs8-aes256cbc-sha512"
	openssl pkcs8 -topk8 -in "$1-pkcs8-none" -v2 aes-128-cbc -passout pass:$PASS -out "$1-pkcs8-aes128cbc"
	openssl pkcs8 -topk8 -in "$1-pkcs8-none" -v2 des3 -passout pass:$PASS -out "$1-pkcs8-des3"
}

for bits in 2048 4096; do
	n=rsa$bits
	openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:$bits -out $n-pkcs8-none 2>/dev/null
	openssl rsa -in $n-pkcs8-none -traditional -out $n-pkcs1-none 2>/dev/null
	for c in aes128 aes256 des3; do
		openssl rsa -in $n-pkcs8-none -traditional -$c -passout pass:$PASS -out $n-pkcs1-${c}cbc 2>/dev/null
	done
	openssl rsa -in $n-pkcs8-none -traditional -outform DER -out $n-pkcs1-none.der 2>/dev/null
	openssl rsa -in $n-pkcs8-none -RSAPublicKey_out -out $n-pkcs1.pub 2>/dev/null
done
for bits in 256 384 521; do
	n=ecdsa$bits
	curve=$([ $bits = 256 ] && echo prime256v1 || echo secp${bits}r1)
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:$curve -pkeyopt ec_param_enc:named_curve -out $n-pkcs8-none
	openssl ec -in $n-pkcs8-none -out $n-sec1-none 2>/dev/null
	openssl ec -in $n-pkcs8-none -aes256 -passout pass:$PASS -out $n-sec1-aes256cbc 2>/dev/null
	openssl ec -in $n-pkcs8-none -aes128 -passout pass:$PASS -out $n-sec1-aes128cbc 2>/dev/null
	openssl ec -in $n-pkcs8-none -outform DER -out $n-sec1-none.der 2>/dev/null
done
openssl genpkey -algorithm ED25519 -out ed25519-pkcs8-none

for n in rsa2048 rsa4096 ecdsa256 ecdsa384 ecdsa521; do
	cp $n-pkcs8-none $n-openssh-none
	chmod 600 $n-openssh-none
	ssh-keygen -q -p -P '' -N '' -f $n-openssh-none >/dev/null
done
# ssh-keygen cannot read an Ed25519 PKCS8 file: wrap the same 32 + 32 bytes in its format.
node -e '
const fs = require("fs"), crypto = require("crypto");
const jwk = crypto.createPrivateKey(fs.readFileSync("ed25519-pkcs8-none")).export({ format: "jwk" });
const seed = Buffer.from(jwk.d, "base64url"), pub = Buffer.from(jwk.x, "base64url");
const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const str = (s) => Buffer.concat([u32(s.length), Buffer.from(s)]);
const blob = Buffer.concat([str("ssh-ed25519"), str(pub)]);
const check = crypto.randomBytes(4);
let priv = Buffer.concat([check, check, str("ssh-ed25519"), str(pub), str(Buffer.concat([seed, pub])), str("ed25519@example.com")]);
for (let i = 1; priv.length % 8; i++) priv = Buffer.concat([priv, Buffer.from([i])]);
const all = Buffer.concat([Buffer.from("openssh-key-v1\0"), str("none"), str("none"), str(""), u32(1), str(blob), str(priv)]);
const text = all.toString("base64").match(/.{1,70}/g).join("\n");
fs.writeFileSync("ed25519-openssh-none", "-----BEGIN OPENSSH PRIVATE KEY-----\n" + text + "\n-----END OPENSSH PRIVATE KEY-----\n", { mode: 0o600 });
'
for n in rsa2048 rsa4096 ecdsa256 ecdsa384 ecdsa521 ed25519; do
	openssh_forms $n
	pkcs8_forms $n
	public_forms $n
	jwk $n
done
chmod 644 -- *

{
	cat <<'TEXT'
# Key fixtures

Made by `generate.sh` with openssl, ssh-keygen and puttygen; used by tests only. Each key
type has one key, in every format below. The passphrase of every encrypted file is
`password`.

File names are `TYPE-FORMAT-ENCRYPTION` for private keys (`none` is not encrypted) and
`TYPE-FORMAT.pub` for public keys. `.der` files, `*-spki-der.pub` and `.json` files are
not PEM.

| format | what it is |
| --- | --- |
| pkcs1 | `RSA PRIVATE KEY` / `RSA PUBLIC KEY`; encrypted: `Proc-Type`/`DEK-Info` headers |
| sec1 | `EC PRIVATE KEY`; encrypted: `Proc-Type`/`DEK-Info` headers |
| pkcs8 | `PRIVATE KEY` / `ENCRYPTED PRIVATE KEY` (PBES2: PBKDF2 with HMAC-SHA256, or what the name says) |
| openssh | `OPENSSH PRIVATE KEY`; encrypted: bcrypt, 16 rounds |
| sshcom | `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----` (ssh.com; RSA and DSA only) |
| ppk2, ppk3 | PuTTY private key, version 2 and version 3 |
| ssh | public key line: type, base64, comment |
| rfc4716 | `---- BEGIN SSH2 PUBLIC KEY ----` |
| spki | `PUBLIC KEY` (SubjectPublicKeyInfo) |
| jwk | JSON Web Key |

| type | bits | SHA256 fingerprint | MD5 fingerprint |
| --- | --- | --- | --- |
TEXT
	for n in rsa2048 rsa4096 ecdsa256 ecdsa384 ecdsa521 ed25519; do
		echo "| $n | $(ssh-keygen -l -f $n-ssh.pub | cut -d' ' -f1) | \`$(ssh-keygen -l -E sha256 -f $n-ssh.pub | cut -d' ' -f2)\` | \`$(ssh-keygen -l -E md5 -f $n-ssh.pub | cut -d' ' -f2)\` |"
	done
	echo
	echo '| file | type | passphrase | first line |'
	echo '| --- | --- | --- | --- |'
	for f in $(ls | grep -vE '^(README.md|generate.sh)$'); do
		pass=none
		case $f in *aes*|*des*|*chacha*) pass="\`$PASS\`";; esac
		case $f in *.der|*-der.pub) first='(binary DER)';; *.json) first='(JSON)';; *) first="\`$(head -1 $f | cut -c1-48)\`";; esac
		echo "| $f | ${f%%-*} | $pass | $first |"
	done
} > README.md
