# SPDX-License-Identifier: LGPL-2.1-or-later
"""A proxy that loses connections where it is told to."""
import selectors
import socket
import struct
import threading

import peers

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
