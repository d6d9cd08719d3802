#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions over what is no socket: the pipes of a process, a channel of another session, a WebSocket."""
import getpass
import os
import shlex
import subprocess

import peers
from peers import NodeServer, OurServer, Sshd, add, case, key, run, ssh

TRANSPORTS = os.environ.get('DEVSSH_PEER_TRANSPORTS', 'devssh-peer-transports')
SOMEBODY_ELSE = 'SHA256:' + 43 * 'A'


def fingerprint(kind):
    return run(['ssh-keygen', '-l', '-f', key(kind) + '.pub']).decode().split()[1]


def login(host_key):
    """Who we are at an sshd, and who that is: the kind of its key, or a fingerprint."""
    return [getpass.getuser(), key('ed25519'), host_key if host_key.startswith('SHA256:') else fingerprint(host_key)]


def peer(*words, expect=0):
    """Standard output, and the hosts that were known."""
    done = subprocess.run([TRANSPORTS, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=peers.LIMIT, check=False)
    text = done.stderr.decode(errors='replace')
    assert done.returncode == expect, (words, done.returncode, done.stdout, text)
    return done.stdout, [line.split()[1] for line in text.splitlines() if line.startswith('host ')]


# ---- pipes ----

@case('/transports/pipes/sshd-i')
def _():
    with Sshd(host_keys=('ed25519',)) as sshd:
        program = [sshd.command[0], '-i', '-e', '-f', sshd.command[-1]]
        assert peer('run', *login('ed25519'), 'echo here; exit 3', *program, expect=3)[0] == b'here\n'
        # Much more than a pipe holds.
        assert len(peer('run', *login('ed25519'), 'head -c 3000000 /dev/zero', *program)[0]) == 3000000
        assert peer('run', *login(SOMEBODY_ELSE), 'echo here', *program, expect=255) == (b'', [])


@case('/transports/pipes/proxy-command')
def _():
    with Sshd(host_keys=('rsa',)) as jump, Sshd(host_keys=('ed25519',)) as target:
        program = [word.replace('test@', getpass.getuser() + '@')
                   for word in ssh(jump.port, options=('-W', f'127.0.0.1:{target.port}'))]
        assert peer('run', *login('ed25519'), 'echo behind', *program)[0] == b'behind\n'
        assert peer('run', *login('rsa'), 'echo behind', *program, expect=255)[1] == []


@case('/transports/pipes/program-ends')
def _():
    """One that says nothing, or too little, is a lost connection and no hang."""
    for program in (['true'], ['echo', 'SSH-2.0-somebody'], ['head', '-c', '100']):
        peer('run', *login('ed25519'), 'echo', *program, expect=255)


@case('/transports/pipes/standard-input')
def _():
    """Ours as what ssh's ProxyCommand runs."""
    proxy = f'ProxyCommand={shlex.join([TRANSPORTS, "serve", key("ed25519")])}'
    assert run(ssh(1, 'a command', options=('-o', proxy)), expect=6) == b'asked to run a command\n'
    # And between ourselves.
    program = [TRANSPORTS, 'serve', key('ed25519')]
    assert peer('run', *login('ed25519'), 'another', *program, expect=6) == (b'asked to run another\n', [fingerprint('ed25519')])


# ---- two hops ----

def hops(first, first_login, *, command='echo here; exit 4', expect=4):
    with Sshd(host_keys=('ed25519',)) as target:
        out, known = peer('hop', first.port, *first_login, target.port, *login('ed25519'), command, expect=expect)
        assert out == b'here\n' and known == [first_login[2], fingerprint('ed25519')], (out, known)
        # Each is looked at: nothing goes on behind one that is somebody else.
        wrong = [*first_login[:2], SOMEBODY_ELSE]
        assert peer('hop', first.port, *wrong, target.port, *login('ed25519'), command, expect=255) == (b'', [])
        out, known = peer('hop', first.port, *first_login, target.port, *login(SOMEBODY_ELSE), command, expect=255)
        assert out == b'' and known == [first_login[2]], (out, known)
        # Their keys are not each other's.
        assert peer('hop', first.port, *first_login, target.port, *login(first_login[2]), command, expect=255)[0] == b''


@case('/transports/hops/through-sshd')
def _():
    with Sshd(host_keys=('rsa',)) as jump:
        hops(jump, login('rsa'))


def through(server_class, *options):
    with server_class('--host-key', peers.sec1_key('ecdsa-384') if server_class is NodeServer else key('ecdsa-384'),
                      '--authorized-key', key('ecdsa-384') + '.pub', *options) as server:
        hops(server, ['test', key('ecdsa-384'), fingerprint('ecdsa-384')])


add('/transports/hops/through-ours', through, OurServer, '--allow-forwarding')
add('/transports/hops/through-node', through, NodeServer)

if __name__ == '__main__':
    peers.main()
