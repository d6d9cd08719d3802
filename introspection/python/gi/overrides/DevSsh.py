# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's view of DevSsh: an operation without a callback can be awaited.

    async def main():
        async with await DevSsh.Client().connect_to_host_async('example.org', 22) as session:
            ...                                         # closed at the end, whatever comes
            async with await session.open_channel_async(None) as channel:
                await channel.exec_async('uname -a')
                async for data in channel:              # bytes
                    ...
    DevSsh.run(main())

Where the library takes or gives GLib.Bytes, an operation that is awaited takes `bytes` as well; Channel.read() and
Channel.write() are made of them. Under a running asyncio loop that lives in the GLib main context, `await` works there
too. With a callback everything is as the GIR says.

A service names its rules in its class, and a configuration takes it as it is:

    class Echo(DevSsh.Service):
        activation = ['channel-type:echo@example.org']

    config.add_service(Echo)
"""
import asyncio
import collections
import functools
import weakref

from gi.module import get_introspection_module
from gi.repository import Gio, GLib

DevSsh = get_introspection_module('DevSsh')
CLASSES = ['Channel', 'Client', 'ClientSession', 'KeyPair', 'KnownHosts', 'MultiChannelStream', 'PortForwarder', 'SecureStream',
           'Server', 'Service', 'Session']
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


def _to_glib(value):
    """Bytes are GLib.Bytes wherever an operation takes them: none takes an array."""
    return GLib.Bytes.new(bytes(value)) if isinstance(value, (bytes, bytearray, memoryview)) else value


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
        values = [_to_glib(value) for value in (*args, *given)]
        bound = functools.partial(finish, args[0]) if finish.is_method() else finish
        return _Operation(lambda done: function(*values, done), bound)

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


# ---- sessions ----

async def _enter(self):
    return self


async def _leave_session(self, kind, error, trace):
    if not self.get_is_closed():
        await self.close_async(DevSsh.DisconnectReason.BY_APPLICATION, str(error) if error else None)


def _weakly(method):
    weak = weakref.WeakMethod(method)

    def call(*args):
        alive = weak()
        return alive(*args) if alive else False
    return call


class _Accepted:
    """The channels of a session that its peer opens, one after the other, until the session ends."""
    MAX_WAITING = 64        # that nobody has taken yet; more are refused

    def __init__(self, session, channel_type):
        self._channel_type = channel_type
        self._channels = collections.deque()
        self._waiting = None
        self._session = session
        # Weakly: a loop that was left accepts nothing any more.
        self._handlers = [session.connect('channel-opening', _weakly(self._opening)),
                          session.connect('closed', _weakly(self._tell))]

    def _opening(self, session, opening):
        if (not opening.get_is_remote() or len(self._channels) >= self.MAX_WAITING
                or self._channel_type not in (None, opening.get_channel_type())):
            return False
        self._channels.append(opening.get_channel())
        opening.accept()
        self._tell()
        return True

    def _tell(self, *args):
        waiting, self._waiting = self._waiting, None
        if waiting:
            waiting(None, None)

    def __aiter__(self):
        return self

    async def __anext__(self):
        while not self._channels:
            if self._session.get_is_closed():
                self.close()
                raise StopAsyncIteration
            await _Operation(functools.partial(setattr, self, '_waiting'), lambda result: result)
        return self._channels.popleft()

    def close(self):
        """No more are accepted."""
        for handler in self._handlers:
            self._session.disconnect(handler)
        self._handlers = []

    __del__ = close


def _accepted(self, channel_type=None):
    """What `async for` goes through: accepted from this call on, also what comes between two steps."""
    return _Accepted(self, channel_type)


DevSsh.Session.__aenter__ = _enter
DevSsh.Session.__aexit__ = _leave_session
DevSsh.Session.accepted = _accepted

# ---- channels ----

READ_SIZE = 256 * 1024


# The one stream that reads from a channel. It holds channel and session, so the channel must not hold it.
_streams = weakref.WeakKeyDictionary()


def _stream_of(channel):
    if channel not in _streams:
        _streams[channel] = DevSsh.ChannelStream.new(channel)
    return _streams[channel]


async def _leave_channel(self, kind, error, trace):
    if not self.get_is_closed():
        await self.close_async()
    _streams.pop(self, None)


async def _read(self, size=READ_SIZE):
    """What has come, at most size bytes; b'' when the peer has sent all."""
    source = _stream_of(self).get_input_stream()
    if source.is_readable():
        # No turn of the loop for what is there already.
        return source.read_bytes(size, None).get_data() or b''
    data = await _Operation(functools.partial(source.read_bytes_async, size, GLib.PRIORITY_DEFAULT, None), source.read_bytes_finish)
    return data.get_data() or b''


async def _read_all(self):
    """Chunks of bytes, as they come, until the peer has sent all."""
    while data := await self.read():
        yield data


async def _write(self, data):
    """Done when the data is on its way, which may take as long as the peer takes."""
    await self.send_async(data)


DevSsh.Channel.__aenter__ = _enter
DevSsh.Channel.__aexit__ = _leave_channel
DevSsh.Channel.__aiter__ = _read_all
DevSsh.Channel.read = _read
DevSsh.Channel.write = _write

# ---- services ----

_add_service = DevSsh.SessionConfig.add_service


@functools.wraps(_add_service)
def _add_service_of(self, cls, name=None, rules=None, *rest, **keywords):
    """A class may say itself what it is called (service_name; else as its type) and when it wakes (activation)."""
    if rules is None:
        rules = getattr(cls, 'activation', None)
        if isinstance(rules, str):
            rules = [rules]
    if not rest:
        rest = (keywords.pop('properties', None),)
    return _add_service(self, cls, name if name is not None else getattr(cls, 'service_name', None), rules, *rest, **keywords)


DevSsh.SessionConfig.add_service = _add_service_of


# ---- operations that a class in Python implements ----

def _telling(begin):
    """What raises before it has called back calls back now: nobody else would tell who waits."""
    @functools.wraps(begin)
    def call(self, *args):
        *args, callback, data = args
        told = []

        def tell(source, result, *rest):
            told.append(True)
            callback(source, result)
        try:
            begin(self, *args, tell, data)
        except Exception as raised:
            if not told:
                result = Gio.Task.new(self, None, None)
                result._raised = raised if isinstance(raised, GLib.Error) else GLib.Error.new_literal(
                    DevSsh.error_quark(), f'The service has failed: {raised!r}', DevSsh.Error.REFUSED)
                tell(self, result)
            raise
    return call


def _told(finish):
    @functools.wraps(finish)
    def call(self, result):
        if hasattr(result, '_raised'):
            raise result._raised
        return finish(self, result)
    return call


def _implemented(cls, **keywords):
    super(DevSsh.PortForwarder, cls).__init_subclass__(**keywords)
    for name in [name for name in vars(cls) if name.startswith('do_') and name.endswith('_async')]:
        finish = f"{name.removesuffix('_async')}_finish"
        if finish in vars(cls):
            setattr(cls, name, _telling(vars(cls)[name]))
            setattr(cls, finish, _told(vars(cls)[finish]))


DevSsh.PortForwarder.__init_subclass__ = classmethod(_implemented)

for _class in CLASSES:
    _cls = getattr(DevSsh, _class)
    for _name in [name for name in vars(_cls) if name.endswith('_async')]:
        _finish = f"{_name.removesuffix('_async')}_finish"
        # open_channel_full_async() ends in open_channel_finish().
        _make_awaitable(_cls, _name, _finish if hasattr(_cls, _finish) else _finish.replace('_full_', '_'))
