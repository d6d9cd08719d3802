#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Key files: all of tests/data/keys through devssh key, into every format and before every program that reads it;
and what those programs write, read here. Prints what was accepted by whom as a table."""
import base64
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess

import peers
from peers import KEYS, Skip, case, scratch

DEVSSH = os.environ.get('DEVSSH_PROGRAM', 'devssh')
PASSPHRASE = 'password'
FILES = sorted(name for name in os.listdir(KEYS) if name not in ('README.md', 'generate.sh'))
# The sanitizers make a program slow to start, and what it does with keys they see in the tests of the library, too.
FEW = 'DEVSSH_TEST_FEW' in os.environ
if FEW:
    FILES = FILES[::7]
# The formats that a file may be written in, and a + where it is encrypted.
PUBLIC, PRIVATE = ['ssh', 'ssh2', 'pkcs1', 'pkcs8', 'jwk'], ['openssh', 'openssh+', 'pkcs8', 'pkcs8+', 'pkcs1', 'sec1', 'ssh2', 'jwk']
BINARY = {'pkcs1-none.der': 'pkcs1', 'sec1-none.der': 'sec1', 'pkcs8-none.der': 'pkcs8', 'spki-der.pub': 'pkcs8'}


def run(*command, text=None, okay=True):
    done = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          env={**os.environ, 'LC_ALL': 'C.UTF-8'})
    if okay and done.returncode != 0:
        raise AssertionError(f'{command}: {done.returncode}: {done.stdout[-300:]!r} {done.stderr[-300:]!r}')
    return done


def save(data, name='key'):
    path = scratch(name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as file:
        file.write(data)
    return path


def key_type(name):
    return name.split('-')[0]


def holds(format, name, secret):
    """Can a key of that file be in that format? Of pkcs1 and sec1 a private key gets the one that is for it."""
    rsa, ecdsa = name.startswith('rsa'), name.startswith('ecdsa')
    return {'pkcs1': rsa or (ecdsa and secret), 'sec1': rsa or ecdsa, 'ssh2': rsa or not secret}.get(format.rstrip('+'), True)


@functools.cache
def fingerprints():
    with open(os.path.join(KEYS, 'README.md'), encoding='utf-8') as file:
        return dict(re.findall(r'^\| (\w+) \| \d+ \| `(SHA256:\S+)`', file.read(), re.M))


@functools.cache
def public_blob(kind):
    with open(os.path.join(KEYS, f'{kind}-ssh.pub'), encoding='utf-8') as file:
        return file.read().split()[1]


@functools.cache
def spki(kind):
    with open(os.path.join(KEYS, f'{kind}-spki-der.pub'), 'rb') as file:
        return file.read()


def passphrase_file():
    return save(PASSPHRASE.encode() + b'\n', 'passphrase')


def show(*paths, source=None):
    """The events of devssh key show, by path."""
    options = ['--passphrase-file', passphrase_file(), *(['--from', source] if source else [])]
    done = run(DEVSSH, 'key', 'show', '--json', *options, *paths, okay=False)
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- what other programs make of a file: each returns the key's public half as the blob in base64 ----

def of_spki(der):
    """The blob for a SubjectPublicKeyInfo, by which of the keys it is."""
    return next((public_blob(kind) for kind in fingerprints() if spki(kind) == der), f'no key here: {der.hex()}')


def by_ssh_keygen(path, format, secret):
    """ssh-keygen of OpenSSH 9.2 reads Ed25519 in its own formats alone."""
    if secret and format.rstrip('+') == 'ssh2':
        text = run('ssh-keygen', '-i', '-m', 'RFC4716', '-f', path).stdout
        private = save(text, 'from-ssh2')
        return run('ssh-keygen', '-y', '-P', '', '-f', private).stdout.decode().split()[1]
    if secret:
        return run('ssh-keygen', '-y', '-P', PASSPHRASE if format.endswith('+') else '', '-f', path).stdout.decode().split()[1]
    if format == 'ssh':
        run('ssh-keygen', '-l', '-f', path)
        with open(path, encoding='utf-8') as file:
            return file.read().split()[1]
    names = {'ssh2': 'RFC4716', 'pkcs8': 'PKCS8', 'pkcs1': 'PEM'}
    return run('ssh-keygen', '-i', '-m', names[format], '-f', path).stdout.decode().split()[1]


def by_openssl(path, format, secret):
    if format == 'pkcs1' and not secret:
        return of_spki(run('openssl', 'rsa', '-RSAPublicKey_in', '-in', path, '-pubout', '-outform', 'DER').stdout)
    half = ['-passin', 'pass:' + PASSPHRASE] if secret else ['-pubin']
    return of_spki(run('openssl', 'pkey', *half, '-in', path, '-pubout', '-outform', 'DER').stdout)


def by_puttygen(path, format, secret):
    options = ['--old-passphrase', passphrase_file()] if format.endswith('+') else []
    return run('puttygen', path, '-L', *options).stdout.decode().split()[1]


def by_node(orders):
    if not shutil.which('node') or not os.path.isdir(os.path.join(peers.NODE_DIR, 'node_modules')):
        raise Skip('no node, or tools/install-npm tests/interop has not run')
    lines = ''.join(json.dumps(order) + '\n' for order in orders).encode()
    return [json.loads(line) for line in run('node', os.path.join(peers.NODE_DIR, 'dts-keys.mjs'), text=lines).stdout.splitlines()]


def node_is_there():
    try:
        by_node([])
    except Skip:
        return False
    return True


def by_dev_tunnels(path, format, secret):
    with open(path, encoding='utf-8') as file:
        answer = by_node([{'read': file.read(), 'passphrase': PASSPHRASE if format.endswith('+') else None}])[0]
    assert 'error' not in answer, answer
    assert answer['private'] == secret, answer
    return answer['public'].split()[1]


def by_node_crypto(path, format, secret):
    with open(path, encoding='utf-8') as file:
        key = json.load(file)
    answer = by_node([{'jwk': key, 'private': secret}])[0]
    assert 'error' not in answer, answer
    return of_spki(base64.b64decode(answer['spki']))


# Who reads what: a letter of the table, a program, and (format, public or private, type) -> does it?
READERS = {
    'K': ('ssh-keygen', by_ssh_keygen,
          lambda format, secret, kind: format != 'jwk' and (kind != 'ed25519' or format.rstrip('+') in ('openssh', 'ssh', 'ssh2'))),
    'O': ('openssl', by_openssl, lambda format, secret, kind: format.rstrip('+') in ('pkcs1', 'sec1', 'pkcs8')),
    'P': ('puttygen', by_puttygen,
          lambda format, secret, kind: format in (('openssh', 'openssh+', 'pkcs1', 'sec1', 'ssh2') if secret else ('ssh', 'ssh2'))),
    # It knows no Ed25519, and of the curves in JSON web keys only names of its own (protocol.md, 11.3).
    'D': ('node', by_dev_tunnels,
          lambda format, secret, kind: kind != 'ed25519' and format.rstrip('+') in ('ssh', 'pkcs1', 'sec1', 'pkcs8', 'jwk')
          and not (format == 'jwk' and kind.startswith('ecdsa'))),
    'N': ('node', by_node_crypto, lambda format, secret, kind: format == 'jwk'),
}


def readers():
    with_node = node_is_there()
    return {letter: row for letter, row in READERS.items() if (with_node if row[0] == 'node' else shutil.which(row[0]))}


_table = {}          # file -> {format: letters}
_accepted = {}       # what was shown to everybody already -> letters


def accepted(path, format, secret, kind, name):
    """The letters of the programs that read this file; one that should and does not is an error."""
    with open(path, 'rb') as file:
        data = file.read()
    # Of what is random, one file of each shape will do for the others.
    shape = (kind, format, secret, len(data)) if format.startswith('openssh') or format.endswith('+') else (format, secret, data)
    if shape in _accepted:
        return _accepted[shape]
    letters = ''
    for letter, (program, read, does) in readers_here().items():
        if not does(format, secret, kind):
            continue
        blob = read(path, format, secret)
        assert blob == public_blob(kind), f'{program} reads another key from {name} as {format}: {blob}'
        letters += letter
    _accepted[shape] = letters
    return letters


@functools.cache
def readers_here():
    return readers()


def convert(name):
    """Every format that can hold the key of this file, read back here and by the others."""
    kind = key_type(name)
    source = next((format for end, format in BINARY.items() if name.endswith(end)), None)
    path = os.path.join(KEYS, name)
    event = show(path, source=source)[0]
    if '-ppk' in name:
        assert event['event'] == 'error' and 'puttygen' in event['message'], event
        _table[name] = {'': 'refused, with puttygen named'}
        return
    assert event['event'] == 'key' and event['fingerprint'] == fingerprints()[kind], event
    secret = '.pub' not in name
    assert event['private'] == secret and event['encrypted'] == any(word in name for word in ('-aes', '-des3', '-chacha')), event

    options = ['--passphrase-file', passphrase_file(), *(['--from', source] if source else [])]
    # bcrypt takes its time: it is undone once, and done again for files that had no passphrase.
    if event['encrypted'] and '-openssh-' in name:
        opened = save(b'', 'opened')
        run(DEVSSH, 'key', 'convert', '--force', '--no-passphrase', '-t', 'openssh', '-o', opened, *options, path)
        path = opened
    row, written = {}, []
    for is_private, format in [(False, f) for f in PUBLIC] + [(True, f) for f in PRIVATE if secret]:
        if format.endswith('+') and event['encrypted']:
            row[format] = '.'
            continue
        target = save(b'', f'to-{"private" if is_private else "public"}-{format}')
        half = ['--new-passphrase-file', passphrase_file()] if format.endswith('+') else ['--no-passphrase']
        done = run(DEVSSH, 'key', 'convert', '--force', '-t', format.rstrip('+'), '-o', target, *options,
                   *(half if is_private else ['--public']), path, okay=False)
        assert (done.returncode == 0) == holds(format, name, is_private), (name, format, done)
        if done.returncode != 0:
            assert b'cannot be written' in done.stderr, done.stderr
            continue
        written.append((target, is_private, format))
    events = show(*[target for target, *_ in written])
    assert len(events) == len(written)
    for (target, is_private, format), again in zip(written, events):
        assert again['event'] == 'key' and again['fingerprint'] == fingerprints()[kind], (name, format, again)
        assert again['private'] == is_private and again['encrypted'] == format.endswith('+'), again
        row[('' if is_private else 'public ') + format] = accepted(target, format, is_private, kind, name) or '-'
    _table[name] = row


for file_name in FILES:
    peers.add(f'/keys/matrix/E-69/{file_name}', convert, file_name)


@case('/keys/matrix/table')
def _():
    here = readers_here()
    print('# ' + ', '.join(f'{letter}: {READERS[letter][1].__name__[3:]}' for letter in here) + '; -: nobody but ourselves reads it; .: not tried')
    columns = ['public ' + format for format in PUBLIC] + PRIVATE
    print('# ' + ' ' * 34 + ' '.join(f'{column.replace("public ", "p:"):9}' for column in columns))
    for name, row in sorted(_table.items()):
        if '' in row:
            print(f'# {name:34}{row[""]}')
        else:
            print(f'# {name:34}' + ' '.join(f'{row.get(column, ""):9}' for column in columns))
    missing = {row[0] for letter, row in READERS.items() if letter not in here}
    assert len(_table) == len(FILES), set(FILES) - set(_table)
    if missing:
        raise Skip(f'without {", ".join(sorted(missing))}')
    assert FEW or sum(letters.count('D') for letters in _accepted.values()) > 20


# ---- what the others write ----

def reads(data, fingerprint, secret, what):
    event = show(save(data, 'theirs'))[0]
    assert event['event'] == 'key' and event['fingerprint'] == fingerprint and event['private'] == secret, (what, event)


def check_openssl(kind):
    plain = os.path.join(KEYS, f'{kind}-pkcs8-none')
    protect = ['-passout', 'pass:' + PASSPHRASE]
    commands = {f'pkcs8 {cipher} {prf}': ['pkcs8', '-topk8', '-v2', cipher, '-v2prf', prf, *protect]
                for cipher in ('aes-128-cbc', 'aes-192-cbc', 'aes-256-cbc', 'des3')
                for prf in ('hmacWithSHA1', 'hmacWithSHA256', 'hmacWithSHA384', 'hmacWithSHA512')}
    commands['pkcs8'] = ['pkcs8', '-topk8', '-nocrypt']
    old = {'rsa': ['rsa', '-traditional'], 'ecdsa': ['ec']}.get(re.sub(r'\d', '', kind))
    if old:
        commands.update({f'old {cipher}': [*old, '-' + cipher, *protect] for cipher in ('aes128', 'aes192', 'aes256', 'des3')})
        commands['old'] = old
    for what, command in commands.items():
        reads(run('openssl', *command, '-in', plain).stdout, fingerprints()[kind], True, what)
    reads(run('openssl', 'pkey', '-in', plain, '-pubout').stdout, fingerprints()[kind], False, 'pubout')
    # What is not read says how it can be.
    scrypt = run('openssl', 'pkcs8', '-topk8', '-scrypt', *protect, '-in', plain).stdout
    event = show(save(scrypt, 'theirs'))[0]
    assert event['event'] == 'error' and 'openssl pkcs8 -topk8' in event['message'], event


def check_puttygen(kind):
    if not shutil.which('puttygen'):
        raise Skip('no puttygen')
    plain = os.path.join(KEYS, f'{kind}-ppk3-none.ppk')
    formats = {'private-openssh': True, 'private-openssh-new': True, 'public': False, 'public-openssh': False}
    if kind.startswith('rsa'):
        formats['private-sshcom'] = True
    for format, secret in formats.items():
        for locked in ([False, True] if secret else [False]):
            target = scratch('from-puttygen')
            options = ['--new-passphrase', passphrase_file() if locked else '/dev/null'] if secret else []
            run('puttygen', plain, '-O', format, '-o', target, *options)
            with open(target, 'rb') as file:
                reads(file.read(), fingerprints()[kind], secret, format)


def check_dev_tunnels(algorithm):
    made = by_node([{'make': algorithm}])[0]
    assert 'error' not in made, made
    blob = base64.b64decode(made['public'].split()[1])
    fingerprint = 'SHA256:' + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip('=')
    assert len(made['files']) >= 7, list(made['files'])
    for what, text in made['files'].items():
        reads(text.encode(), fingerprint, 'public' not in what, what)


for key_name in sorted(fingerprints())[::3 if FEW else 1]:
    peers.add(f'/keys/theirs/openssl/{key_name}', check_openssl, key_name)
    peers.add(f'/keys/theirs/puttygen/{key_name}', check_puttygen, key_name)
for name in ('rsa-sha2-512', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'):
    peers.add(f'/keys/theirs/dev-tunnels/{name}', check_dev_tunnels, name)


# The largest that is promised, once.
@case('/keys/rsa-8192')
def check_largest():
    path = scratch('rsa-8192')
    run('openssl', 'genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:8192', '-out', path)
    event = show(path)[0]
    assert event['event'] == 'key' and event['bits'] == 8192 and event['private'], event
    for format in ('openssh', 'pkcs1', 'ssh2', 'jwk'):
        target = scratch(f'rsa-8192-{format}')
        run(DEVSSH, 'key', 'convert', '-t', format, '-o', target, path)
        assert show(target)[0]['fingerprint'] == event['fingerprint']


if __name__ == '__main__':
    peers.main()
