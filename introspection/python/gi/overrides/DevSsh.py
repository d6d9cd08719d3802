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
Channel.write() are made of them. With a callback everything is as the GIR says.

An operation begins when it is called, and can be awaited later: call several, and they run side by side. Who gives up
waiting for one (a time-out, a cancelled task, Ctrl-C in DevSsh.run()) gives up the operation, too, unless it was given a
cancellable of its own.

Under a loop of asyncio that turns the main context of the session, as gbulb's does (gbulb.install(), then asyncio.run()),
all of that is the same. A loop of asyncio's own waits for ever: it does not turn GLib's sources.

A service names its rules in its class, and a configuration takes it as it is:

    class Echo(DevSsh.Service):
        activation = ['channel-type:echo@example.org']

    config.add_service(Echo)
"""
import asyncio
import collections
import contextlib
import functools
import weakref

from gi._gi import InterfaceInfo, ObjectInfo, Repository
from gi.module import get_introspection_module
from gi.repository import Gio, GLib

DevSsh = get_introspection_module('DevSsh')
__all__ = ['run']


def _asyncio_loop():
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _discard(value):
    """What came of an operation after everybody had given it up: open, and nobody's."""
    if isinstance(value, DevSsh.Session):
        value.close(DevSsh.DisconnectReason.BY_APPLICATION, None)
    elif isinstance(value, (DevSsh.Channel, DevSsh.ForwardedPort)):
        value.close()
    elif isinstance(value, Gio.IOStream):
        value.close_async(GLib.PRIORITY_DEFAULT, None, None)


class _Operation:
    """What the peer or the disk has not answered yet. When all who awaited it have given up, so does it."""

    def __init__(self, start, finish, cancellable=None):
        self._finish = finish
        self._cancellable = cancellable     # its own; one of the caller's may be for more than this
        self._outcome = None
        self._waiting = []
        self._awaiting = 0
        self._taken = self._abandoned = False
        start(self._done)

    def _done(self, source, result):
        try:
            self._outcome = (self._finish(result), None)
        except Exception as error:
            self._outcome = (None, error)
        if self._abandoned:
            _discard(self._outcome[0])
        for function in self._waiting:
            function(*self._outcome)

    def _abandon(self):
        if self._outcome:
            _discard(self._outcome[0])
        else:
            self._abandoned = True
            if self._cancellable:
                self._cancellable.cancel()

    def then(self, function):
        """Calls function (value, error), now or when it is known."""
        if self._outcome:
            function(*self._outcome)
        else:
            self._waiting.append(function)

    def __await__(self):
        loop = _asyncio_loop()
        self._awaiting += 1
        try:
            if loop:
                future = loop.create_future()

                def settle(value, error):
                    if not future.done():
                        future.set_exception(error) if error else future.set_result(value)
                self.then(settle)
                value = yield from future
            else:
                value = yield self
            self._taken = True
            return value
        finally:
            self._awaiting -= 1
            if not self._awaiting and not self._taken:
                self._abandon()


def _to_glib(value):
    """Bytes are GLib.Bytes wherever an operation takes them: none takes an array."""
    return GLib.Bytes.new(bytes(value)) if isinstance(value, (bytes, bytearray, memoryview)) else value


def _make_awaitable(cls, name, finish_name):
    function = getattr(cls, name)
    finish = getattr(cls, finish_name)
    names = [argument.get_name() for argument in function.get_arguments()]
    n_before = names.index('callback')      # and before that is the cancellable
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
        cancellable = None
        if values[-1] is None:
            values[-1] = cancellable = Gio.Cancellable()
        bound = functools.partial(finish, args[0]) if finish.is_method() else finish
        return _Operation(lambda done: function(*values, done), bound, cancellable)

    call.__doc__ = f"""{call.__doc__}

        Without a callback it can be awaited, and gives what the other half does:
        {finish.__doc__}"""
    setattr(cls, name, call if is_method else staticmethod(call))


async def _result_of(awaitable):
    return await awaitable


def run(awaitable):
    """Runs a coroutine in the thread-default main context until it has ended; returns or raises what it does.

    It may await what the library does, and coroutines that do. An interrupt (Ctrl-C) is raised where it waits, so that it
    can still close what it has opened; another one is not waited for. A handler may call run() again.
    """
    coroutine = awaitable if hasattr(awaitable, 'send') else _result_of(awaitable)
    if _asyncio_loop():
        coroutine.close()
        raise RuntimeError('DevSsh.run() was called while a loop of asyncio runs: await there')
    loop = GLib.MainLoop(GLib.MainContext.get_thread_default())
    outcome = []
    waiting_for = None

    def step(value, error):
        nonlocal waiting_for
        while True:
            try:
                operation = coroutine.throw(error) if error else coroutine.send(value)
            except StopIteration as end:
                outcome.append((end.value, None))
                return loop.quit()
            except BaseException as raised:
                outcome.append((None, raised))
                return loop.quit()
            if not isinstance(operation, _Operation):
                # Nobody would ever go on with it.
                value, error = None, TypeError(f'DevSsh.run() cannot wait for {operation!r}')
            elif operation._outcome:
                value, error = operation._outcome
            else:
                waiting_for = operation
                return operation.then(functools.partial(go_on, operation))

    def go_on(operation, value, error):
        nonlocal waiting_for
        # An interrupt may have come first.
        if operation is waiting_for:
            waiting_for = None
            step(value, error)

    step(None, None)
    interrupted = False
    while not outcome:
        interrupt = KeyboardInterrupt()
        try:
            loop.run()
        except KeyboardInterrupt as raised:
            interrupt = raised
        # With loops inside loops only the outermost one raises it; the others just end.
        if not outcome:
            waiting_for = None
            if interrupted:
                # It may want to wait once more.
                with contextlib.suppress(RuntimeError):
                    coroutine.close()
                raise interrupt
            interrupted = True
            step(None, interrupt)
    value, error = outcome[0]
    if error:
        raise error
    return value


def _add(cls, **methods):
    """help() shows them as what they are."""
    for name, method in methods.items():
        if not name.startswith('__'):
            method.__name__ = name
            method.__qualname__ = f'{cls.__name__}.{name}'
        setattr(cls, name, method)


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


_add(DevSsh.Session, __aenter__=_enter, __aexit__=_leave_session, accepted=_accepted)

# ---- channels ----

READ_SIZE = 256 * 1024


class _Reader:
    """The one stream that reads from a channel. It holds channel and session, so the channel must not hold it."""

    def __init__(self, channel):
        self._stream = DevSsh.ChannelStream.new(channel)
        self._source = self._stream.get_input_stream()
        self._cancellable = Gio.Cancellable()
        self._given_up = None       # a read that nobody waits for any more: what comes of it is for the next one
        self._rest = b''

    async def read(self, size):
        data = self._rest or await self._more(size)
        self._rest = data[size:]
        return data[:size]

    async def _more(self, size):
        reading, self._given_up = self._given_up, None
        if not reading and self._source.is_readable():
            # No turn of the loop for what is there already.
            return self._source.read_bytes(size, None).get_data() or b''
        if not reading:
            reading = _Operation(functools.partial(self._source.read_bytes_async, size, GLib.PRIORITY_DEFAULT, self._cancellable),
                                 self._source.read_bytes_finish)
        try:
            return (await reading).get_data() or b''
        except GLib.Error:
            raise
        except BaseException:
            self._given_up = reading
            raise

    def __del__(self):
        self._cancellable.cancel()


_readers = weakref.WeakKeyDictionary()


async def _leave_channel(self, kind, error, trace):
    if not self.get_is_closed():
        await self.close_async()
    _readers.pop(self, None)


async def _read(self, size=READ_SIZE):
    """What has come, at most size bytes; b'' when the peer has sent all. Who gives up waiting loses nothing."""
    if self not in _readers:
        _readers[self] = _Reader(self)
    return await _readers[self].read(size)


async def _read_all(self):
    """Chunks of bytes, as they come, until the peer has sent all."""
    while data := await self.read():
        yield data


async def _write(self, data):
    """Done when the data is on its way, which may take as long as the peer takes."""
    await self.send_async(data)


_add(DevSsh.Channel, __aenter__=_enter, __aexit__=_leave_channel, __aiter__=_read_all, read=_read, write=_write)

# ---- questions ----

def _refuse_what_raises(cls, signal):
    """A handler that leaves the question gives False, and then the channel may wait for accept_channel_async(). GLib cannot tell
    that from one that raises; but who raises refuses. Such a handler is disconnected by its number, not by its function."""
    def wrap(connect):
        @functools.wraps(connect)
        def call(self, detailed, handler, *rest):
            def refusing(*args):
                try:
                    return handler(*args)
                except BaseException:
                    opening = next(arg for arg in args if isinstance(arg, DevSsh.ChannelOpening))
                    if not opening.get_answered():
                        opening.reject(DevSsh.ChannelOpenFailure.NONE, None)
                    raise
            return connect(self, detailed, refusing if detailed.replace('_', '-') == signal else handler, *rest)
        return call
    for name in ('connect', 'connect_after', 'connect_object', 'connect_object_after'):
        setattr(cls, name, wrap(getattr(cls, name)))


_refuse_what_raises(DevSsh.Session, 'channel-opening')
_refuse_what_raises(DevSsh.MultiChannelStream, 'channel-opening')
_refuse_what_raises(DevSsh.Server, 'session-channel-opening')

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


def _operations():
    """(class, name of a method or function) of all there are, without a look at a class that has none."""
    for info in Repository.get_default().get_infos('DevSsh'):
        if isinstance(info, (ObjectInfo, InterfaceInfo)):
            names = [method.get_name() for method in info.get_methods()]
            names = [name for name in names if name.endswith('_async')]
            if names:
                yield from ((getattr(DevSsh, info.get_name()), name) for name in names)


for _cls, _name in _operations():
    _finish = f"{_name.removesuffix('_async')}_finish"
    # open_channel_full_async() ends in open_channel_finish().
    _make_awaitable(_cls, _name, _finish if hasattr(_cls, _finish) else _finish.replace('_full_', '_'))
