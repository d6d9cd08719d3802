#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The original library (npm) at the other end, and ours at both: every step in all four pairings."""
import itertools
import os
import signal

import peers
from peers import NodeServer, OurServer, Program, add, case, key, node_client, our_client, sec1_key

peers.install_node_peers()

SERVERS = {'ours': OurServer, 'node': NodeServer}
CLIENTS = {'ours': our_client, 'node': node_client}
PAIRINGS = [(c, s) for c in CLIENTS for s in SERVERS if (c, s) != ('node', 'node')]

STEPS = ['echo', 'exec', 'shell', 'initial', 'initial-refused', 'status', 'signal', 'stderr', 'sink', 'source', 'requests',
         'session-requests', 'refused-channel', 'channels', 'metrics', 'command=echo hello']
FORWARD_STEPS = ['remote-forward', 'local-forward', 'stream-forward', 'cancel-forward']
KEX = ['ecdh-sha2-nistp256', 'ecdh-sha2-nistp384', 'ecdh-sha2-nistp521', 'diffie-hellman-group14-sha256',
       'diffie-hellman-group16-sha512']
KEYS = ['rsa-sha2-512', 'rsa-sha2-256', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521']
CIPHERS = ['aes256-gcm@openssh.com', 'aes256-ctr']
MACS = ['hmac-sha2-256', 'hmac-sha2-512', 'hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com']


def allow_forwarding(server):
    return ['--allow-forwarding'] if server == 'ours' else []


def pair(client, server, server_options, client_options, expect=0):
    with SERVERS[server](*server_options) as s:
        return CLIENTS[client](s.port, *client_options, expect=expect)


def start_client(kind, port, *options):
    program = [peers.CLIENT] if kind == 'ours' else ['node', os.path.join(peers.NODE_DIR, 'dts-client.mjs')]
    return Program([*program, '--port', str(port), '--password', 'secret', *options])


def server_asks(client, server):
    """The client waits for a channel that never comes."""
    with SERVERS[server]('--password', 'secret', '--keepalive', '1') as s, start_client(client, s.port, '--do', 'accept-channel') as c:
        c.wait_for('authenticated')
        # The original counts a first interval in which nothing came as a miss.
        s.wait_for('keepalive-ok', count=3)
        if server == 'ours':
            assert [event['count'] for event in s.of('keepalive-ok')[:3]] == [1, 2, 3] and not s.of('keepalive-missed'), s.events


def stopped(program, check):
    program.process.send_signal(signal.SIGSTOP)
    try:
        check()
    finally:
        program.process.send_signal(signal.SIGCONT)


def server_stopped(server):
    with SERVERS[server]('--password', 'secret') as s, \
            start_client('ours', s.port, '--keepalive', '1', '--max-missed', '2', '--do', 'keepalive-lost') as c:
        c.wait_for('authenticated')

        def check():
            assert c.finish() == 0, c.tail()
            assert c.of('session-closed')[0]['reason'] == 'connectionLost', c.events
            step = c.of('step')[0]
            assert step['missed'] == 2, step
        stopped(s, check)


def client_stopped(client):
    with OurServer('--password', 'secret', '--keepalive', '1', '--max-missed', '2') as s, \
            start_client(client, s.port, '--do', 'accept-channel') as c:
        c.wait_for('authenticated')

        def check():
            assert s.wait_for('session-closed')['reason'] == 'connectionLost', s.events
            assert [event['count'] for event in s.of('keepalive-missed')] == [1, 2], s.events
        stopped(c, check)


RECONNECT = ['--password', 'secret', '--reconnect', '--latency']


def in_order(low, average, high):
    assert 0 < low <= average <= high, (low, average, high)


def latency(client, server):
    with SERVERS[server](*RECONNECT) as s:
        step = CLIENTS[client](s.port, *RECONNECT, '--do', 'latency', '--seconds', '1').of('step')[0]
        in_order(step['min'], step['average'], step['max'])
        metrics = s.wait_for('session-closed')['metrics']
        in_order(metrics['latencyMinMs'], metrics['latencyAverageMs'], metrics['latencyMaxMs'])
        assert metrics['latencyCurrentMs'] == 0 or server == 'node', metrics


def reconnects(client, server, drops, steps, *options, client_options=()):
    """The server's session is one and the same all the time, and nobody logs in again."""
    with SERVERS[server](*RECONNECT, *options) as s:
        c = CLIENTS[client](s.port, *RECONNECT, *options, *client_options, '--bytes', '8388608', '--drops', str(drops),
                            '--do', steps)
        step = c.of('step')[0]
        assert step['reconnections'] == drops and step['drops'] == drops, step
        assert [event['session'] for event in s.of('reconnected')] == [1] * drops, s.events
        assert [event['session'] for event in s.of('authenticated')] == [1], s.events
        closed = {event['session']: event for event in s.of('session-closed')}
        assert sorted(closed) == list(range(1, drops + 2)), closed
        assert closed[1]['metrics']['reconnections'] == drops and closed[1]['reason'] == 'byApplication', closed
        assert all(closed[number]['reason'] == 'none' for number in range(2, drops + 2)), closed


for client, server in PAIRINGS:
    where = f'/dts/{client}-to-{server}'
    password = ['--password', 'secret']

    add(f'{where}/steps', pair, client, server, password, [*password, '--do', ','.join(STEPS)])
    add(f'{where}/forwarding', pair, client, server, [*password, *allow_forwarding(server)],
        [*password, '--do', ','.join(FORWARD_STEPS)])
    add(f'{where}/accept-channel', pair, client, server, [*password, '--open-on-auth'], [*password, '--do', 'accept-channel'])
    add(f'{where}/echo-64-MiB', pair, client, server, password, [*password, '--bytes', str(64 << 20), '--do', 'echo'])
    add(f'{where}/rekey', pair, client, server, [*password, '--rekey', '1000000'],
        [*password, '--rekey', '1000000', '--bytes', '8388608', '--do', 'rekey'])
    # An opening with its first request, whoever has the extension.
    for ours, theirs in itertools.product((True, False), repeat=2):
        add(f'{where}/initial/{"with" if ours else "without"}-{"with" if theirs else "without"}/E-32', pair, client, server,
            [*password, *([] if theirs else ['--no-open-request-ext'])],
            [*password, *([] if ours else ['--no-open-request-ext']), '--do', 'initial,initial-refused,initial'])

    # Either asks, or both do; a program that is stopped is no longer there.
    asks = ['--keepalive', '1']
    add(f'{where}/keepalive/client', pair, client, server, password, [*password, *asks, '--do', 'keepalive'])
    # Whoever is asked need not ask: with one interval at both ends it is chance who ever does.
    add(f'{where}/keepalive/both', pair, client, server, [*password, '--keepalive', '3'], [*password, *asks, '--do', 'keepalive,echo'])
    add(f'{where}/keepalive/server', server_asks, client, server)
    if client == 'ours':
        add(f'{where}/keepalive/lost/T-62', server_stopped, server)
    if server == 'ours':
        add(f'{where}/keepalive/client-lost/T-62', client_stopped, client)

    # with a connection that is lost while data goes both ways, and with what comes after that
    add(f'{where}/latency/E-56', latency, client, server)
    add(f'{where}/reconnect', reconnects, client, server, 1, 'reconnect')
    add(f'{where}/reconnect/many', reconnects, client, server, 5, 'reconnect,echo')
    add(f'{where}/reconnect/ctr', reconnects, client, server, 2, 'reconnect=1000000,echo', '--enc', 'aes256-ctr',
        '--mac', 'hmac-sha2-256')
    add(f'{where}/reconnect/initial', reconnects, client, server, 2, 'reconnect=1000000,initial,initial-refused,initial')
    add(f'{where}/reconnect/rekey', reconnects, client, server, 2, 'reconnect=100000,rekey,requests', '--rekey', '1000000')
    # Whoever is asked first need not ask.
    add(f'{where}/reconnect/keepalive', reconnects, client, server, 1, 'reconnect=1000000,keepalive',
        client_options=['--keepalive', '1'])

    # without security
    add(f'{where}/no-security', pair, client, server, ['--no-security', *allow_forwarding(server)],
        ['--no-security', '--do', 'echo,exec,status,requests,session-requests,refused-channel,channels'])
    add(f'{where}/no-security/forwarding', pair, client, server, ['--no-security', *allow_forwarding(server)],
        ['--no-security', '--do', 'remote-forward,local-forward'])

    # methods
    add(f'{where}/none', pair, client, server, ['--allow-none'], ['--do', 'status'])
    add(f'{where}/password/wrong', pair, client, server, password, ['--password', 'guess', '--expect-auth-failure'])
    add(f'{where}/keyboard-interactive', pair, client, server, ['--kbd', 'one,two'], ['--kbd', 'one,two', '--do', 'status'])
    add(f'{where}/keyboard-interactive/wrong', pair, client, server, ['--kbd', 'one,two'],
        ['--kbd', 'one,three', '--expect-auth-failure'])
    add(f'{where}/host-key-refused', pair, client, server, password, [*password, '--reject-host-key', '--expect-auth-failure'])
    add(f'{where}/banner-debug', pair, client, server, [*password, '--banner-debug', 'hello'], [*password, '--do', 'status'])

    # algorithms: the client has just one
    for kex in KEX:
        add(f'{where}/kex/{kex}', pair, client, server, [*password, '--kex', ','.join(KEX)],
            [*password, '--kex', kex, '--do', 'status'])
    for name in KEYS:
        add(f'{where}/host-key/{name}', pair, client, server, [*password, '--pk', ','.join(KEYS), '--gen-host-key', name],
            [*password, '--pk', name, '--do', 'status'])
    for cipher in CIPHERS:
        for mac in MACS:
            if cipher == CIPHERS[0] and mac != MACS[0]:
                continue                            # an AEAD cipher uses none of them
            add(f'{where}/{cipher}/{mac}', pair, client, server, password,
                [*password, '--enc', cipher, '--mac', mac, '--do', 'echo'])


def user_key(client, server, kind, authorized):
    # The Node packages do not read OpenSSH's private keys.
    private = key(kind) if client == 'ours' else sec1_key(kind)
    names = ['--pk', ','.join(KEYS)]
    pair(client, server, [*names, '--authorized-key', key(authorized) + '.pub'],
         [*names, '--key', private, *(['--do', 'status'] if kind == authorized else ['--expect-auth-failure'])])


for client, server in PAIRINGS:
    for kind in ('rsa', 'ecdsa-256', 'ecdsa-384', 'ecdsa-521'):
        add(f'/dts/{client}-to-{server}/user-key/{kind}', user_key, client, server, kind, kind)
    add(f'/dts/{client}-to-{server}/user-key/unknown', user_key, client, server, 'ecdsa-256', 'ecdsa-384')


@case('/dts/guess')
def _():
    for client, server in PAIRINGS:
        for mine in ('ecdh-sha2-nistp256', 'ecdh-sha2-nistp384'):       # a right guess and a wrong one
            pair(client, server, ['--password', 'secret', '--kex', 'ecdh-sha2-nistp384,ecdh-sha2-nistp256'],
                 ['--password', 'secret', '--kex', f'{mine},diffie-hellman-group14-sha256,ecdh-sha2-nistp384', '--kex-guess',
                  '--do', 'status'] if mine != 'ecdh-sha2-nistp384' else
                 ['--password', 'secret', '--kex', f'{mine},ecdh-sha2-nistp256', '--kex-guess', '--do', 'status'])


@case('/dts/attempts')
def _():
    for client, server in PAIRINGS:
        with SERVERS[server]('--password', 'secret', '--max-auth-attempts', '1') as s:
            program = CLIENTS[client](s.port, '--password', 'guess', '--expect-auth-failure', expect=None)
            closed = s.wait_for('session-closed')
            assert closed['reason'] == 'noMoreAuthMethodsAvailable', closed
            del program


@case('/dts/node-to-ours/ed25519-offered')
def _():
    # A key the other side cannot know is never offered to it: a server of the original hangs up on it.
    with NodeServer('--password', 'secret') as server:
        our_client(server.port, '--key', key('ed25519'), '--password', 'secret', '--do', 'status')


if __name__ == '__main__':
    peers.main()
