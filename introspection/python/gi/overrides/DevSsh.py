# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's view of DevSsh: an operation without a callback can be awaited.

    async def main(client):
        session = await client.connect_to_host_async('example.org', 22)
        ...
    DevSsh.run(main(DevSsh.Client()))

Under a running asyncio loop that lives in the GLib main context, `await` works there as well.
With a callback everything is as the GIR says.
"""
import asyncio
import functools

from gi.module import get_introspection_module
from gi.repository import GLib

DevSsh = get_introspection_module('DevSsh')
CLASSES = ['Channel', 'Client', 'ClientSession', 'KeyPair', 'MultiChannelStream', 'PortForwarder', 'SecureStream', 'Server',
           'Service', 'Session']
__all__ = ['run']


class _Operation:
    """What the peer or the disk has not answered yet."""

    def __init__(self, start, finish):
        self._finish = finish
        self._outcome = None
        self._waiting = []
        start(self._done)

    def _done(self, source, result):
        try:
            self._outcome = (self._finish(result), None)
        except GLib.Error as error:
            self._outcome = (None, error)
        for function in self._waiting:
            function(*self._outcome)

    def then(self, function):
        """Calls function (value, error), now or when it is known."""
        if self._outcome:
            function(*self._outcome)
        else:
            self._waiting.append(function)

    def __await__(self):
        try:
            future = asyncio.get_running_loop().create_future()
        except RuntimeError:
            return (yield self)

        def settle(value, error):
            if not future.done():
                future.set_exception(error) if error else future.set_result(value)
        self.then(settle)
        return (yield from future)


def _make_awaitable(cls, name, finish_name):
    function = getattr(cls, name)
    finish = getattr(cls, finish_name)
    names = [argument.get_name() for argument in function.get_arguments()]
    n_before = names.index('callback')
    is_method = function.is_method()

    @functools.wraps(function)
    def call(*args, **keywords):
        mine = args[1:] if is_method else args
        if len(mine) > n_before or 'callback' in keywords:
            return function(*args, **keywords)
        given = [keywords.pop(name, None) for name in names[len(mine):n_before]]
        if keywords:
            raise TypeError(f'{name}() has no {", ".join(keywords)}')
        bound = functools.partial(finish, args[0]) if finish.is_method() else finish
        return _Operation(lambda done: function(*args, *given, done), bound)

    setattr(cls, name, call if is_method else staticmethod(call))


def run(coroutine):
    """Runs a coroutine in the thread-default main context until it has ended; returns or raises what it does."""
    loop = GLib.MainLoop(GLib.MainContext.get_thread_default())
    outcome = []

    def step(value, error):
        try:
            operation = coroutine.throw(error) if error else coroutine.send(value)
        except StopIteration as end:
            outcome.append((end.value, None))
        except BaseException as raised:
            outcome.append((None, raised))
        else:
            if isinstance(operation, _Operation):
                operation.then(step)
            else:
                # Nobody would ever go on with it.
                step(None, TypeError(f'DevSsh.run() cannot wait for {operation!r}'))
            return
        loop.quit()

    step(None, None)
    if not outcome:
        loop.run()
    value, error = outcome[0]
    if error:
        raise error
    return value


for _class in CLASSES:
    _cls = getattr(DevSsh, _class)
    for _name in [name for name in vars(_cls) if name.endswith('_async')]:
        _finish = f"{_name.removesuffix('_async')}_finish"
        # open_channel_full_async() ends in open_channel_finish().
        _make_awaitable(_cls, _name, _finish if hasattr(_cls, _finish) else _finish.replace('_full_', '_'))
