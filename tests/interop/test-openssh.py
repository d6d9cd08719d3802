#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenSSH at the other end: the system's ssh against our server, our client against the system's sshd."""
import itertools
import os
import pwd
import signal
import subprocess

import peers
from peers import EchoTarget, OurServer, Sshd, add, case, echo_through, key, our_client, run, ssh

KEX = ['curve25519-sha256', 'curve25519-sha256@libssh.org', 'ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521',
       'diffie-hellman-group14-sha256', 'diffie-hellman-group16-sha512']
HOST_KEYS = {'ssh-ed25519': 'ed25519', 'rsa-sha2-512': 'rsa', 'rsa-sha2-256': 'rsa', 'ecdsa-sha2-nistp256': 'ecdsa-256',
             'ecdsa-sha2-nistp384': 'ecdsa-384', 'ecdsa-sha2-nistp521': 'ecdsa-521'}
AEAD = ['aes256-gcm@openssh.com', 'aes128-gcm@openssh.com', 'chacha20-poly1305@openssh.com']
CIPHERS = ['aes256-ctr', 'aes128-ctr', 'aes256-cbc']
MACS = ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512']
USER_KEYS = ['ed25519', 'rsa', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521']


def everything():
    """A server of ours that offers all it has."""
    options = []
    for kind in ('ed25519', 'rsa', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521'):
        options += ['--host-key', key(kind)]
    for kind in USER_KEYS:
        options += ['--authorized-key', key(kind) + '.pub']
    return OurServer('--kex', ','.join(KEX), '--pk', ','.join(HOST_KEYS), '--enc', ','.join(AEAD + CIPHERS),
                     '--mac', ','.join(MACS), *options)


def sshd_everything(*lines):
    return Sshd('KexAlgorithms ' + ','.join(KEX), 'HostKeyAlgorithms ' + ','.join(HOST_KEYS),
                'PubkeyAcceptedAlgorithms ' + ','.join(HOST_KEYS), 'Ciphers ' + ','.join(AEAD + CIPHERS),
                'MACs ' + ','.join(MACS), *lines, user_keys=USER_KEYS)


_shared = {}


def shared(name, make):
    if name not in _shared:
        _shared[name] = make()
    return _shared[name]


def pairs(suite):
    """The pairs of algorithms that a connection with this suite shows at work together."""
    return {frozenset(pair) for pair in itertools.combinations(enumerate(suite), 2) if None not in (pair[0][1], pair[1][1])}


def every_suite():
    """Key exchange, host key, cipher, and the MAC unless the cipher brings its own."""
    protections = [(cipher, None) for cipher in AEAD] + list(itertools.product(CIPHERS, MACS))
    return [(kex, name, *protection) for kex in KEX for name in HOST_KEYS for protection in protections]


ALL_PAIRS = set().union(*map(pairs, every_suite()))


def covering_suites():
    """A few suites that have every pair: always the one that adds most, the first of equals."""
    suites, missing = every_suite(), set(ALL_PAIRS)
    while missing:
        suite = max(suites, key=lambda suite: len(pairs(suite) & missing))
        missing -= pairs(suite)
        yield suite


SUITES = list(covering_suites())


def agreed(event):
    """What both ends use, in the words of our peer."""
    names = event['negotiated']
    assert names['ClientEncryption'] == names['ServerEncryption'] and names['ClientHmac'] == names['ServerHmac'], names
    cipher = names['ClientEncryption']
    return names['KeyExchange'], names['PublicKey'], cipher, None if cipher in AEAD else names['ClientHmac']


def ssh_to_ours(kex, name, cipher, mac):
    server = shared('ours', everything)
    options = ['-o', f'KexAlgorithms={kex}', '-o', f'HostKeyAlgorithms={name}', '-o', f'Ciphers={cipher}']
    if mac:
        options += ['-o', f'MACs={mac}']
    before = len(server.of('authenticated'))
    assert run(ssh(server.port, 'echo hello', options=options)) == b'hello\n'
    return agreed(server.wait_for('authenticated', count=before + 1))


def ours_to_sshd(kex, name, cipher, mac):
    server = shared('sshd', sshd_everything)
    # The user's key is an Ed25519 one whatever the host's is.
    names = name if name == 'ssh-ed25519' else f'{name},ssh-ed25519'
    options = ['--kex', kex, '--pk', names, '--enc', cipher]
    if mac:
        options += ['--mac', mac]
    client = our_client(server.port, *logged_in(), '--do', 'command=echo hello', *options)
    step = client.of('step')[0]
    assert step['stdout'] == 'hello\n' and step['exitStatus'] == 0, step
    return agreed(client.of('authenticated')[0])


ROLES = {'ssh': ssh_to_ours, 'sshd': ours_to_sshd}
_agreed = {}


def connect(role, suite):
    """Connects once with each suite, whoever asks how often."""
    if (role, suite) not in _agreed:
        _agreed[role, suite] = ROLES[role](*suite)
    return _agreed[role, suite]


def check_suite(role, suite):
    assert connect(role, suite) == suite, connect(role, suite)


def check_pairs(role):
    covered = set().union(*(pairs(connect(role, suite)) for suite in SUITES))
    assert covered == ALL_PAIRS, sorted(map(sorted, ALL_PAIRS ^ covered))


def peers_user():
    return pwd.getpwuid(os.geteuid()).pw_name


def logged_in():
    return '--user', peers_user(), '--key', key('ed25519')


for suite in SUITES:
    short = '/'.join(part.replace('@openssh.com', '') for part in suite if part)
    for role in ROLES:
        add(f'/openssh/{role}/{short}/E-08', check_suite, role, suite)
for role in ROLES:
    add(f'/openssh/{role}/every-pair/E-08', check_pairs, role)


def check_common(query, option, names):
    """The names above are all that OpenSSH has and this library knows."""
    theirs = run(['ssh', '-Q', query]).decode().split()
    assert set(names) <= set(theirs), set(names) - set(theirs)
    for name in set(theirs) - set(names):
        done = subprocess.run([peers.CLIENT, '--port', '1', option, name], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=peers.LIMIT)
        assert done.returncode == 2 and f"'{name}', which is not known" in done.stderr, (name, done.returncode, done.stderr)


for query, option, names in [('kex', '--kex', KEX), ('HostKeyAlgorithms', '--pk', list(HOST_KEYS)),
                             ('cipher', '--enc', AEAD + CIPHERS), ('mac', '--mac', MACS)]:
    add(f'/openssh/common/{query}/E-08', check_common, query, option, names)


def ssh_user_key(kind):
    server = shared('ours', everything)
    assert run(ssh(server.port, 'echo hello', identity=kind)) == b'hello\n'


def our_user_key(kind):
    server = shared('sshd', sshd_everything)
    our_client(server.port, '--user', peers_user(), '--key', key(kind), '--do', 'command=exit 0',
               '--pk', ','.join(HOST_KEYS))


for kind in USER_KEYS:
    add(f'/openssh/ssh/user-key/{kind}', ssh_user_key, kind)
    add(f'/openssh/sshd/user-key/{kind}', our_user_key, kind)


def askpass(answer):
    path = peers.write('askpass-' + str(len(answer)), f"#!/bin/sh\necho '{answer}'\n", 0o700)
    return {**os.environ, 'SSH_ASKPASS': path, 'SSH_ASKPASS_REQUIRE': 'force', 'DISPLAY': ':0'}


def ssh_asked(port, method, env, expect):
    options = ['-o', 'BatchMode=no', '-o', f'PreferredAuthentications={method}', '-o', 'NumberOfPasswordPrompts=1']
    command = ['ssh', *options, *peers.SSH_OPTIONS, '-p', str(port), 'test@127.0.0.1', 'echo hello']
    return run(command, expect=expect, env=env)


@case('/openssh/ssh/password')
def _():
    with OurServer('--password', 'wonderland') as server:
        assert ssh_asked(server.port, 'password', askpass('wonderland'), 0) == b'hello\n'
        ssh_asked(server.port, 'password', askpass('looking-glass'), 255)


@case('/openssh/ssh/keyboard-interactive')
def _():
    with OurServer('--kbd', 'alice') as server:
        assert ssh_asked(server.port, 'keyboard-interactive', askpass('alice'), 0) == b'hello\n'
        ssh_asked(server.port, 'keyboard-interactive', askpass('mallory'), 255)


def sshd_asked(method, option):
    """An sshd whose users, for once, have passwords: pam_wrapper asks a file of ours instead of the system."""
    server = shared('sshd-pam', lambda: Sshd('PubkeyAuthentication no', passwords={peers_user(): 'wonderland'}))
    options = ['--user', peers_user(), '--auth-methods', method, option]
    client = our_client(server.port, *options, 'wonderland', '--do', 'command=echo hello')
    assert client.of('step')[0]['stdout'] == 'hello\n', client.events
    # What the server asks is seen in a dialogue; behind it there is one without a question (RFC 4256, 3.2).
    questions = [[{'prompt': 'Password: ', 'echo': False}], []] if method == 'keyboard-interactive' else []
    assert [event['prompts'] for event in client.of('questions')] == questions, client.events
    our_client(server.port, *options, 'looking-glass', '--expect-auth-failure')


add('/openssh/sshd/password', sshd_asked, 'password', '--password')
add('/openssh/sshd/keyboard-interactive', sshd_asked, 'keyboard-interactive', '--kbd')


@case('/openssh/ssh/refused')
def _():
    with OurServer('--password', 'wonderland') as server:
        run(ssh(server.port, 'echo hello'), expect=255)


def ssh_sends_16_mib(server, *options):
    """16 MiB there and back; how often keys were exchanged meanwhile."""
    data = os.urandom(16 << 20)
    before = len(server.of('session-closed'))
    assert run(ssh(server.port, 'cat', options=options), text=data) == data
    return server.wait_for('session-closed', count=before + 1)['newKeysSent']


def we_send_16_mib(server, *options):
    client = our_client(server.port, *logged_in(), '--bytes', str(16 << 20), '--do', 'exec', *options)
    return client.of('result')[0]['newKeysSent']


def ssh_rekey(cipher, mac):
    options = ['-o', 'RekeyLimit=1M', '-o', f'Ciphers={cipher}'] + (['-o', f'MACs={mac}'] if mac else [])
    assert ssh_sends_16_mib(shared('ours', everything), *options) > 8


def sshd_rekey(cipher, mac):
    server = shared('sshd-rekey', lambda: sshd_everything('RekeyLimit 1M'))
    assert we_send_16_mib(server, '--enc', cipher, *(['--mac', mac] if mac else [])) > 8


for cipher, mac in [(c, None) for c in AEAD] + list(zip(CIPHERS, MACS)):
    add(f'/openssh/ssh/rekey/{cipher}', ssh_rekey, cipher, mac)
    add(f'/openssh/sshd/rekey/{cipher}', sshd_rekey, cipher, mac)


@case('/openssh/ssh/rekey/ours-first')
def _():
    with OurServer('--authorized-key', key('ed25519') + '.pub', '--rekey', str(1 << 20)) as server:
        assert ssh_sends_16_mib(server) > 8


@case('/openssh/sshd/rekey/ours-first')
def _():
    assert we_send_16_mib(shared('sshd', sshd_everything), '--rekey', str(1 << 20)) > 8


@case('/openssh/ssh/exit-status')
def _():
    server = shared('ours', everything)
    run(ssh(server.port, 'exit 7'), expect=7)


@case('/openssh/ssh/exec')
def _():
    with OurServer('--authorized-key', key('ed25519') + '.pub', '--allow-exec') as server:
        data = os.urandom((4 << 20) + 17)

        def check(command, code, out, err, **kwargs):
            done = subprocess.run(ssh(server.port, *command), capture_output=True, timeout=peers.LIMIT, **kwargs)
            assert (done.returncode, done.stdout == out, done.stderr == err) == (code, True, True), \
                f'{command}: {done.returncode}, {done.stdout[-400:]!r}, {done.stderr[-400:]!r}; {server.tail()}'

        check(['printf out; printf err >&2; exit 3'], 3, b'out', b'err', stdin=subprocess.DEVNULL)
        check(['cat; printf err >&2; exit 7'], 7, data, b'err', input=data)
        check(['tee /dev/stderr'], 0, data, data, input=data)
        check([], 4, b'from a shell\n', b'', input=b'echo from a shell; exit 4\n')
        # A program that does not read what it is sent.
        check(['exit 5'], 5, b'', b'', input=data)
        check(['cat; kill -TERM $$'], 255, data, b'', input=data)
        event = server.wait_for('channel-closed', count=6)
        assert event.get('exitSignal') == 'TERM', event


# ---- keepalive ----

@case('/openssh/ssh/keepalive')
def _():
    """A client that gives up after one that is not answered; each of both asks."""
    options = ['-o', 'ServerAliveInterval=1', '-o', 'ServerAliveCountMax=1']
    login = ['--authorized-key', key('ed25519') + '.pub', '--allow-exec']
    with OurServer(*login, '--trace') as server:
        assert run(ssh(server.port, 'sleep 3.5; echo done', options=options)) == b'done\n'
        assert server.complaints().count(':9063]') >= 2, server.tail()
    with OurServer(*login, '--keepalive', '1', '--max-missed', '1') as server:
        assert run(ssh(server.port, 'sleep 3.5; echo done')) == b'done\n'
        assert len(server.of('keepalive-ok')) >= 2 and not server.of('keepalive-missed'), server.tail()


@case('/openssh/ssh/keepalive-lost/T-62')
def _():
    with OurServer('--authorized-key', key('ed25519') + '.pub', '--allow-exec', '--keepalive', '1', '--max-missed', '2') as server:
        process = subprocess.Popen(ssh(server.port, 'exec sleep 60'), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        peers._running.append(process)
        server.wait_for('authenticated')
        process.send_signal(signal.SIGSTOP)
        assert server.wait_for('session-closed')['reason'] == 'connectionLost', server.events
        assert [event['count'] for event in server.of('keepalive-missed')] == [1, 2], server.events
        process.kill()
        process.wait(10)


@case('/openssh/sshd/keepalive')
def _():
    """A server of the same kind; it asks on the channel, if there is one. Then we ask it."""
    with Sshd('ClientAliveInterval 1', 'ClientAliveCountMax 1') as server:
        client = our_client(server.port, *logged_in(), '--do', 'command=sleep 3; echo done')
        assert client.of('step')[0]['stdout'] == 'done\n', client.events
    with Sshd() as server:
        client = our_client(server.port, *logged_in(), '--keepalive', '1', '--max-missed', '1',
                            '--do', 'keepalive,command=sleep 2; echo done,keepalive')
        assert [step['missed'] for step in client.of('step') if step['name'] == 'keepalive'] == [0, 0], client.events


# ---- forwarding ----

def forwarding_server(*options):
    return OurServer('--authorized-key', key('ed25519') + '.pub', '--allow-forwarding', *options)


def forward_with(command, port, check, settled=None):
    """Runs an ssh that forwards until check has passed."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    peers._running.append(process)
    try:
        if port is not None:
            peers.wait_for_port(port)
        check()
    finally:
        process.terminate()
        process.wait(10)


@case('/openssh/ssh/forward/local')
def _():
    with forwarding_server() as server, EchoTarget() as target:
        port = peers.free_port()

        def check():
            for _ in range(3):
                echo_through(port)
        forward_with(ssh(server.port, '-N', '-L', f'127.0.0.1:{port}:127.0.0.1:{target.port}'), port, check)


@case('/openssh/ssh/forward/remote')
def _():
    with forwarding_server() as server, EchoTarget() as target:
        port = peers.free_port()

        def check():
            for _ in range(3):
                echo_through(port)
        forward_with(ssh(server.port, '-N', '-R', f'{port}:127.0.0.1:{target.port}'), port, check)


@case('/openssh/ssh/forward/stdio')
def _():
    with forwarding_server() as server, EchoTarget() as target:
        data = os.urandom(1 << 20)
        command = ssh(server.port)
        command[1:1] = ['-W', f'127.0.0.1:{target.port}']
        assert run(command, text=data) == data


@case('/openssh/ssh/forward/refused/T-84')
def _():
    with OurServer('--authorized-key', key('ed25519') + '.pub') as server, EchoTarget() as target:
        command = ssh(server.port)
        command[1:1] = ['-W', f'127.0.0.1:{target.port}']
        run(command, expect=255)
        run(ssh(server.port, '-N', '-o', 'ExitOnForwardFailure=yes', '-R', f'0:127.0.0.1:{target.port}'), expect=255)


@case('/openssh/sshd/forward')
def _():
    server = shared('sshd', sshd_everything)
    our_client(server.port, *logged_in(),
               '--do', 'local-forward,remote-forward,stream-forward,cancel-forward')


@case('/openssh/sshd/steps')
def _():
    server = shared('sshd', sshd_everything)
    client = our_client(server.port, *logged_in(),
                        '--do', 'exec,command=printf out; printf err >&2; exit 3')
    step = client.of('step')[1]
    assert (step['stdout'], step['stderr'], step['exitStatus']) == ('out', 'err', 3), step


@case('/openssh/sshd/unknown-key')
def _():
    with Sshd(user_keys=('rsa',)) as server:
        our_client(server.port, *logged_in(), '--expect-auth-failure')


@case('/openssh/sshd/known-hosts')
def _():
    server = shared('sshd', sshd_everything)
    known = peers.write('known', f'[127.0.0.1]:{server.port} {peers.public_key("ed25519")}')
    stranger = peers.write('stranger', f'[127.0.0.1]:{server.port} {peers.public_key("ecdsa-256")}')
    options = [*logged_in(), '--pk', 'ssh-ed25519', '--do', 'command=exit 0']
    our_client(server.port, *options, '--known-hosts', known)
    our_client(server.port, *options, '--known-hosts', stranger, expect=1)


if __name__ == '__main__':
    peers.main()
