#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's awaitables under a loop of asyncio that is GLib's. Prints TAP."""
import asyncio
import gc
import subprocess
import sys
import weakref

import tap

try:
    import gbulb
except ImportError:
    print('1..0 # SKIP no gbulb: nothing joins asyncio to the main context here')
    sys.exit(0)
from stage import BYE, DevSsh, Gio, GLib, both, plain, yes  # noqa: E402


def under_asyncio(function):
    """A test: a coroutine, and all that it has started has ended with it."""
    def test():
        loop = gbulb.get_event_loop()
        wrong = []
        loop.set_exception_handler(lambda loop, context: wrong.append(context))
        loop.run_until_complete(asyncio.wait_for(function(), 20))
        assert not asyncio.all_tasks(loop), asyncio.all_tasks(loop)
        assert not wrong, wrong
    test.__name__ = function.__name__
    return test


async def raises(awaitable, kind):
    try:
        await awaitable
    except kind as error:
        return error
    raise AssertionError('nothing was raised')


async def quiet(session, other):
    """A round trip: what either end had to say has arrived."""
    await both(session.request_async('quiet@example.org', True, b''), other.request_async('quiet@example.org', True, b''))


@under_asyncio
async def test_awaited():
    client, server = await plain()
    async with client, server:
        accepting = server.accept_channel_async(None)
        async with await client.open_channel_async(None) as ours:
            theirs = await accepting
            await ours.write(b'there')
            assert await theirs.read() == b'there'
            ours.send_eof()
            assert [chunk async for chunk in theirs] == []
    assert client.get_is_closed() and ours.get_is_closed()


@under_asyncio
async def test_gathered():
    client, server = await plain()
    async with client, server:
        server.connect('channel-opening', yes)
        channels = await asyncio.gather(*[client.open_channel_async(f'{number}') for number in range(20)])
        assert [channel.get_channel_type() for channel in channels] == [f'{number}' for number in range(20)]
        # Beside what is asyncio's own.
        slept, key = await asyncio.gather(asyncio.sleep(0, 'slept'), DevSsh.KeyPair.generate_async('ssh-ed25519', 0))
        assert slept == 'slept' and key.get_has_private()


@under_asyncio
async def test_accepted():
    client, server = await plain()

    async def serve():
        return [channel.get_channel_type() async for channel in server.accepted()]
    serving = asyncio.ensure_future(serve())
    await asyncio.sleep(0)
    for name in 'one', 'two':
        await client.open_channel_async(name)
    client.close(BYE, None)
    assert await serving == ['one', 'two']


@under_asyncio
async def test_accepted_goes_on():
    """Who was not patient enough for one channel has missed none."""
    client, server = await plain()
    async with client, server:
        channels = server.accepted()
        await raises(asyncio.wait_for(channels.__anext__(), 0.01), asyncio.TimeoutError)
        await client.open_channel_async('late')
        assert (await channels.__anext__()).get_channel_type() == 'late'


@under_asyncio
async def test_error_is_raised():
    client, server = await plain()
    async with client, server:
        error = await raises(client.open_channel_async('nobody'), GLib.Error)
        assert error.matches(DevSsh.channel_open_failure_quark(), DevSsh.ChannelOpenFailure.UNKNOWN_CHANNEL_TYPE), error
        results = await asyncio.gather(client.open_channel_async('nobody'), client.request_async('nobody', True, b''),
                                       return_exceptions=True)
        assert isinstance(results[0], GLib.Error) and results[1][0] is False, results
        await raises(raise_inside(client), KeyError)


async def raise_inside(client):
    async with client:
        raise KeyError('mine')


def holds(server):
    """Keeps all questions, unanswered."""
    questions = []
    server.connect('channel-opening', lambda session, opening: questions.append(opening) or True)
    return questions


@under_asyncio
async def test_time_out_cancels():
    client, server = await plain()
    async with client, server:
        questions = holds(server)
        await raises(asyncio.wait_for(client.open_channel_async('slow'), 0.01), asyncio.TimeoutError)
        # It was cancelled, so its answer opens nothing here: the peer is told, and the channel is gone from both ends.
        questions.pop().accept()
        await quiet(client, server)
        await quiet(client, server)
        assert client.get_channels().get_n_items() == server.get_channels().get_n_items() == 0
        # The session goes on.
        server.connect('request', yes)
        assert (await client.request_async('x', True, b''))[0]


@under_asyncio
async def test_task_cancelled():
    client, server = await plain()
    async with client, server:
        async def accept():
            return await server.accept_channel_async('x')
        task = asyncio.ensure_future(accept())
        await asyncio.sleep(0)
        task.cancel()
        await raises(task, asyncio.CancelledError)
        await quiet(client, server)
        # Nobody accepts any more.
        await raises(client.open_channel_async('x'), GLib.Error)


@under_asyncio
async def test_cancelled_when_done():
    """Done and cancelled in one turn of the loop: nobody gets the channel, so it is closed."""
    client, server = await plain()
    async with client, server:
        server.connect('channel-opening', yes)
        operation = client.open_channel_async('x')
        task = asyncio.ensure_future(awaits(operation))
        operation.then(lambda channel, error: task.cancel())
        await raises(task, asyncio.CancelledError)
        await quiet(client, server)
        await quiet(client, server)
        assert client.get_channels().get_n_items() == server.get_channels().get_n_items() == 0


async def awaits(operation):
    return await operation


@under_asyncio
async def test_two_wait_and_one_gives_up():
    client, server = await plain()
    async with client, server:
        questions = holds(server)
        operation = client.open_channel_async('slow')
        one, other = [asyncio.ensure_future(awaits(operation)) for _ in range(2)]
        while not questions:
            await asyncio.sleep(0)
        one.cancel()
        await raises(one, asyncio.CancelledError)
        questions.pop().accept()
        assert (await other).get_channel_type() == 'slow'
        assert client.get_channels().get_n_items() == 1


@under_asyncio
async def test_cancellable_of_the_callers():
    """It may be for more than this operation: that is cancelled by nobody but the caller."""
    client, server = await plain()
    async with client, server:
        questions = holds(server)
        cancellable = Gio.Cancellable()
        await raises(asyncio.wait_for(client.open_channel_async('slow', cancellable), 0.01), asyncio.TimeoutError)
        assert not cancellable.is_cancelled()
        # What it comes to is closed: nobody is there who would.
        questions.pop().accept()
        await quiet(client, server)
        await quiet(client, server)
        assert client.get_channels().get_n_items() == server.get_channels().get_n_items() == 0


@under_asyncio
async def test_nothing_is_left():
    """Of an operation that was given up: neither it nor its session is kept by anybody."""
    client, server = await plain()
    questions = holds(server)
    operation = client.open_channel_async('slow')
    await raises(asyncio.wait_for(operation, 0.01), asyncio.TimeoutError)
    left = [weakref.ref(operation), weakref.ref(client)]
    del operation
    client.close(BYE, None)
    await server.wait_closed_async()
    questions.clear()
    del client
    while any(one() for one in left):
        gc.collect()
        await asyncio.sleep(0)


@under_asyncio
async def test_run_is_refused():
    """It would wait inside the loop that has to go on."""
    async def nothing():
        pass
    try:
        DevSsh.run(nothing())
    except RuntimeError as error:
        assert 'asyncio' in str(error)
    else:
        assert False, 'it ran'


async def as_a_program():
    client, server = await plain()
    async with client, server:
        print((await client.request_async('x', True, b''))[0])


def test_with_its_own_run():
    """In a process of its own: the second loop that gbulb makes has another context than GLib's default one."""
    done = subprocess.run([sys.executable, __file__, 'as-a-program'], capture_output=True, text=True, timeout=20, check=True)
    assert done.stdout == 'False\n', done


def main():
    gbulb.install()
    if sys.argv[1:] == ['as-a-program']:
        return asyncio.run(as_a_program())
    return tap.run('/python/asyncio', tap.tests_in(globals()))


if __name__ == '__main__':
    sys.exit(main())
