#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Connections that are cut at random while data goes both ways: every session survives, and what arrives is what was sent.

The original library cannot take a cut while keys are exchanged or a session is resumed; ours, at both ends, can. What is
drawn by lot begins with the seed that is printed; DEVSSH_SEED repeats it."""
import os
import random
import selectors
import socket
import struct
import threading

import peers
from peers import CLIENT, NodeServer, OurServer, Program, add

SEED = int(os.environ.get('DEVSSH_SEED', random.SystemRandom().randrange(1 << 32)))
CUTS = 100
ROOM = 65536        # bytes that the proxy keeps for one direction


class Pipe:
    """One connection through the proxy: two sockets, and what is on its way in each direction."""

    def __init__(self, near, far):
        self.ends = [near, far]
        self.waiting = [bytearray(), bytearray()]   # read from ends[i]
        self.ended = [False, False]
        self.wanted = [0, 0]


class Proxy:
    """Passes on what it gets, until a connection has used up its bytes: then that is cut, and what was on its way is lost."""

    def __init__(self, port):
        self.port_behind = port
        self.budgets = None                         # called for each connection; None: it waits for allow()
        self.left = None
        self.cuts = 0
        self.bytes = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ, None)
        self.woken, self.waker = socket.socketpair()
        self.selector.register(self.woken, selectors.EVENT_READ, None)
        self.pipes = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def allow(self, count):
        """The connection is cut so many bytes from now."""
        with self.lock:
            self.left = count
        self.waker.send(b'x')

    def _accept(self):
        near, _ = self.listener.accept()
        try:
            far = socket.create_connection(('127.0.0.1', self.port_behind))
        except OSError:
            near.close()
            return
        for end in (near, far):
            end.setblocking(False)
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pipe = Pipe(near, far)
        self.pipes.append(pipe)
        with self.lock:
            self.left = self.budgets() if self.budgets else None
        for index in (0, 1):
            self._want(pipe, index, selectors.EVENT_READ)

    def _want(self, pipe, index, wanted):
        if wanted == pipe.wanted[index]:
            return
        if not wanted:
            self.selector.unregister(pipe.ends[index])
        elif not pipe.wanted[index]:
            self.selector.register(pipe.ends[index], wanted, (pipe, index))
        else:
            self.selector.modify(pipe.ends[index], wanted, (pipe, index))
        pipe.wanted[index] = wanted

    def _drop(self, pipe, reset=False):
        self.pipes.remove(pipe)
        for index, end in enumerate(pipe.ends):
            self._want(pipe, index, 0)
            if reset:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
            end.close()

    def _cut(self, pipe):
        self.left = None
        self.cuts += 1
        self._drop(pipe, reset=self.cuts % 2 == 0)

    def _pass(self, pipe, index, mask):
        for source in (0, 1):
            end, waiting = pipe.ends[source], pipe.waiting[source]
            if source == index and mask & selectors.EVENT_READ and not pipe.ended[source]:
                data = end.recv(ROOM - len(waiting))
                waiting += data
                if not data:
                    pipe.ended[source] = True
            if waiting:
                with self.lock:
                    allowed = len(waiting) if self.left is None else min(len(waiting), self.left)
                    try:
                        sent = pipe.ends[1 - source].send(memoryview(waiting)[:allowed]) if allowed else 0
                    except BlockingIOError:
                        sent = 0
                    self.bytes += sent
                    del waiting[:sent]
                    if self.left is not None:
                        self.left -= sent
                        if self.left == 0:
                            self._cut(pipe)
                            return
            if pipe.ended[source] and not waiting:
                self._drop(pipe)
                return
        for end in (0, 1):
            wanted = 0
            if len(pipe.waiting[end]) < ROOM and not pipe.ended[end]:
                wanted |= selectors.EVENT_READ
            if pipe.waiting[1 - end]:
                wanted |= selectors.EVENT_WRITE
            self._want(pipe, end, wanted)

    def _run(self):
        while True:
            for key, mask in self.selector.select():
                if key.fileobj is self.listener:
                    self._accept()
                elif key.fileobj is self.woken:
                    if not self.woken.recv(4096):
                        return
                    with self.lock:
                        if self.left == 0 and self.pipes:
                            self._cut(self.pipes[-1])
                elif key.data[0] in self.pipes:
                    try:
                        self._pass(*key.data, mask)
                    except OSError:
                        self._drop(key.data[0])

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.waker.close()
        self.thread.join(peers.LIMIT)
        for pipe in list(self.pipes):
            self._drop(pipe)
        self.selector.close()
        self.listener.close()
        self.woken.close()


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
