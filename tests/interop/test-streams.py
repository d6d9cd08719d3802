#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Secure and multi-channel streams, against those of the original library (npm) and among ourselves."""
import os

import peers
from peers import Program, add

STREAMS = os.environ.get('DEVSSH_PEER_STREAMS', 'devssh-peer-streams')
PROGRAMS = {'ours': [STREAMS], 'node': ['node', os.path.join(peers.NODE_DIR, 'dts-streams.mjs')]}
PAIRINGS = [('ours', 'ours'), ('ours', 'node'), ('node', 'ours')]

peers.install_node_peers()


class Listener(Program):
    def __init__(self, who, kind, *options):
        super().__init__([*PROGRAMS[who], kind, *options])
        self.port = self.wait_for('listening')['port']


def client(who, kind, port, *options, expect=0):
    return peers.run_client([*PROGRAMS[who], kind, '--port', str(port), *options], expect)


def reasons(program, name='closed'):
    return [event['reason'] for event in program.of(name)]


def secure(c, s, *options):
    with Listener(s, 'secure', *options) as server:
        done = client(c, 'secure', server.port, *options)
        assert done.of('echoed') and done.of('done'), done.events
        # Neither end says DISCONNECT: by CLOSE they know that it was wanted.
        assert reasons(done) == ['none'], done.events
        server.wait_for('closed')
        assert reasons(server) == ['none'] and not server.of('disconnected'), server.events
        assert [event['type'] for event in done.of('authenticating')] == ['serverPublicKey'], done.events
        assert 'clientPassword' in [event['type'] for event in server.of('authenticating')], server.events


def refused(c, s, by):
    reason = 'hostKeyNotVerifiable' if by == 'client' else 'noMoreAuthMethodsAvailable'
    with Listener(s, 'secure', *(['--refuse'] if by == 'server' else [])) as server:
        done = client(c, 'secure', server.port, *(['--refuse'] if by == 'client' else []))
        assert not done.of('connected') and reasons(done, 'failed') == [reason] and reasons(done) == [reason], done.events
        server.wait_for('failed')
        server.wait_for('closed')
        assert reasons(server, 'failed') == [reason] and reasons(server) == [reason], server.events


def reconnected(c, s, drops):
    with Listener(s, 'secure', '--reconnect') as server:
        done = client(c, 'secure', server.port, '--reconnect', '--drops', str(drops), '--bytes', '4194304')
        assert len(done.of('reconnected')) == len(done.of('disconnected')) == drops, done.events
        assert done.of('echoed') and reasons(done) == ['none'], done.events
        # The ends that were only the way, and then the stream itself.
        server.wait_for('closed', count=drops + 1)
        assert reasons(server) == ['none'] * (drops + 1), server.events
        assert len(server.of('merged')) == drops and len(server.of('connected')) == 1, server.events
        assert len(server.of('disconnected')) == drops, server.events


def multi(c, s, *options):
    with Listener(s, 'multi') as server:
        done = client(c, 'multi', server.port, '--bytes', '400000', '--channels', '8', *options)
        assert done.of('echoed')[0]['channels'] == 8 and done.of('heard')[0]['text'] == 'hello', done.events
        assert reasons(done) == ['none'], done.events
        server.wait_for('ran')
        assert reasons(server) == ['none'] and server.of('answered')[0]['text'] == 'and back', server.events
        openings = [(event['type'], event['remote']) for event in server.of('opening')]
        assert openings.count(('session', True)) == 8 and ('from-listener', False) in openings, openings


for c, s in PAIRINGS:
    where = f'/streams/{c}-to-{s}'
    add(f'{where}/secure', secure, c, s)
    add(f'{where}/secure/closed-by-server', secure, c, s, '--hang-up')
    if 'node' in (c, s):
        add(f'{where}/secure/goodbye/{"by-client" if c == "node" else "by-server"}', secure, c, s, '--say-goodbye',
            *([] if c == 'node' else ['--hang-up']))
    for by in ('client', 'server'):
        add(f'{where}/secure/refused-by-{by}', refused, c, s, by)
    add(f'{where}/secure/reconnect', reconnected, c, s, 1)
    add(f'{where}/secure/reconnect/3-times', reconnected, c, s, 3)
    add(f'{where}/multi-channel', multi, c, s)
    add(f'{where}/multi-channel/closed-by-listener', multi, c, s, '--close-by-peer')

if __name__ == '__main__':
    peers.main()
