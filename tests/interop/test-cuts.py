#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections that are cut at random while data goes both ways: every session survives, and what arrives is what was sent.

The original library cannot take a cut while keys are exchanged or a session is resumed; ours, at both ends, can. What is
drawn by lot begins with the seed that is printed; DEVSSH_SEED repeats it."""
import os
import random

import peers
from peers import CLIENT, NodeServer, OurServer, Program, add
from proxy import Proxy

SEED = int(os.environ.get('DEVSSH_SEED', random.SystemRandom().randrange(1 << 32)))
CUTS = 100

OPTIONS = ['--password', 'secret', '--reconnect', '--latency']


def start_client(kind, port, cuts):
    program = [CLIENT] if kind == 'ours' else ['node', os.path.join(peers.NODE_DIR, 'dts-client.mjs')]
    return Program([*program, '--port', str(port), *OPTIONS, '--timeout', '50', '--chunk', '16384', '--drops', str(cuts),
                    '--do', 'survive'])


def check(client, server, proxy, cuts):
    assert client.finish() == 0, f'seed {SEED}: {client.tail()}; server: {server.tail()}'
    step = client.of('step')[0]
    assert step['reconnections'] >= cuts and proxy.cuts >= cuts, (step, proxy.cuts)
    # The server's session was one and the same, and what it got is what the client sent.
    closed = [event for event in server.of('channel-closed') if event['session'] == 1]
    assert [event['received'] for event in closed] == [step['bytes']], (closed, step)
    print(f'# seed {SEED}: {proxy.cuts} cuts, {step["bytes"]} bytes sent and echoed, {proxy.bytes} passed on', flush=True)


def outside_resume(client_kind, server_class):
    lots = random.Random(f'{SEED} {client_kind}')
    with server_class(*OPTIONS) as server, Proxy(server.port) as proxy, start_client(client_kind, proxy.port, CUTS) as client:
        client.wait_for('ready')
        for count in range(1, CUTS + 1):
            proxy.allow(lots.randrange(1, 100000))
            client.wait_for('reconnected', count=count)
            server.wait_for('reconnected', count=count)
        check(client, server, proxy, CUTS)


def anywhere():
    lots = random.Random(f'{SEED} anywhere')
    # Exchanging keys and resuming takes some 4000 bytes, and what is sent again: half of the cuts are about there.
    with OurServer(*OPTIONS) as server, Proxy(server.port) as proxy, start_client('ours', proxy.port, CUTS) as client:
        client.wait_for('ready')
        proxy.budgets = lambda: lots.randrange(1, lots.choice((8000, 200000)))
        proxy.allow(lots.randrange(1, 100000))
        client.wait_for('reconnected', count=CUTS)
        proxy.budgets = None
        proxy.allow(None)
        check(client, server, proxy, CUTS)


add('/cuts/node-to-ours/T-61', outside_resume, 'node', OurServer)
add('/cuts/ours-to-node/T-61', outside_resume, 'ours', NodeServer)
add('/cuts/ours-to-ours/T-61', anywhere)

if __name__ == '__main__':
    peers.main()
