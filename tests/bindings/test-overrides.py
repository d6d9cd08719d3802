#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Python's awaitables, and that no operation was forgotten.

  test-overrides.py GIR        prints TAP
"""
import asyncio
import os
import pydoc
import signal
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

import gi
import stage
import tap

gi.require_version('DevSsh', '1')
from gi.overrides import DevSsh as overrides  # noqa: E402
from gi.repository import DevSsh, Gio, GLib  # noqa: E402

CORE = '{http://www.gtk.org/introspection/core/1.0}'
# For the implementers of an interface, not for its users.
NOT_AWAITED = {('PortForwarder', 'ask_connecting')}


def operations_in(gir):
    """(class, name) of every method or function foo_async."""
    namespace = ElementTree.parse(gir).getroot().find(f'{CORE}namespace')
    return {(cls.get('name'), item.get('name').removesuffix('_async'))
            for kind in ['class', 'interface'] for cls in namespace.findall(CORE + kind)
            for tag in ['method', 'function'] for item in cls.findall(CORE + tag)
            if item.get('name').endswith('_async')}


def test_python_has_all():
    forgotten = {(cls, name) for cls, name in operations_in(sys.argv[1])
                 if not hasattr(getattr(getattr(DevSsh, cls), f'{name}_async'), '__wrapped__')}
    assert not forgotten - NOT_AWAITED, forgotten


def test_awaited():
    async def main():
        key = await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
        return key.get_algorithm()
    assert DevSsh.run(main()) == 'ssh-ed25519'


def test_keys():
    async def main(file):
        key = await DevSsh.KeyPair.generate_async('ecdsa-sha2-nistp384', 0)
        assert await key.export_private_file_async(file, DevSsh.KeyFormat.PKCS8, 'password', DevSsh.KeyFileFlags.NONE)
        for passphrase, code in ((None, DevSsh.Error.PASSPHRASE_REQUIRED), ('wrong', DevSsh.Error.WRONG_PASSPHRASE)):
            try:
                await DevSsh.KeyPair.import_file_async(file, DevSsh.KeyFormat.DEFAULT, passphrase)
            except GLib.Error as error:
                assert error.matches(DevSsh.error_quark(), code), error
            else:
                assert False, f'opened with {passphrase}'
        again = await DevSsh.KeyPair.import_file_async(file, DevSsh.KeyFormat.DEFAULT, 'password')
        text = await again.export_private_async(DevSsh.KeyFormat.SEC1)
        assert (await DevSsh.KeyPair.import_data_async(text, DevSsh.KeyFormat.DEFAULT)).equal(key)
        try:
            await key.export_public_file_async(file, DevSsh.KeyFormat.SSH, DevSsh.KeyFileFlags.NONE)
        except GLib.Error as error:
            assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.EXISTS), error
        else:
            assert False, 'a key was replaced unasked'
    with tempfile.TemporaryDirectory() as folder:
        DevSsh.run(main(Gio.File.new_for_path(folder + '/key')))
    assert DevSsh.KEY_DEFAULT_PBKDF2_ITERATIONS == 100000


def test_keyword_arguments():
    async def main():
        return await DevSsh.KeyPair.generate_async(algorithm='ssh-ed25519', size=0, cancellable=None)
    assert DevSsh.run(main()).get_has_private()


def test_wrong_keyword():
    async def main():
        await DevSsh.KeyPair.generate_async('ssh-ed25519', colour='red')
    try:
        DevSsh.run(main())
    except TypeError as error:
        assert 'colour' in str(error)
    else:
        assert False, 'an argument that does not exist was taken'


def test_error_is_raised():
    async def main():
        try:
            await DevSsh.KeyPair.generate_async('no-such-algorithm', 0)
        except GLib.Error as error:
            return error
    error = DevSsh.run(main())
    assert error.matches(DevSsh.error_quark(), DevSsh.Error.UNSUPPORTED), error


def test_cancelled():
    async def main():
        cancellable = Gio.Cancellable()
        operation = DevSsh.KeyPair.generate_async('ssh-rsa', 2048, cancellable)
        cancellable.cancel()
        await operation
    try:
        DevSsh.run(main())
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), error
    else:
        assert False, 'not cancelled'


def test_two_at_once():
    async def main():
        one = DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
        two = DevSsh.KeyPair.generate_async('ecdsa-sha2-nistp256', 0)
        return [(await one).get_algorithm(), (await two).get_algorithm()]
    assert DevSsh.run(main()) == ['ssh-ed25519', 'ecdsa-sha2-nistp256']


def test_callback():
    loop = GLib.MainLoop()
    keys = []

    def done(source, result, *data):
        keys.append((DevSsh.KeyPair.generate_finish(result), *data))
        loop.quit()
    DevSsh.KeyPair.generate_async('ssh-ed25519', 0, None, done, 'data')
    loop.run()
    assert keys[0][0].get_algorithm() == 'ssh-ed25519' and keys[0][1] == 'data'


def test_under_asyncio():
    # A loop of asyncio's own does not turn GLib's, so this one is turned by hand.
    async def main():
        operation = asyncio.ensure_future(wait())
        while not operation.done():
            GLib.MainContext.default().iteration(False)
            await asyncio.sleep(0)
        return operation.result()

    async def wait():
        return await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
    assert asyncio.run(main()).get_algorithm() == 'ssh-ed25519'


def test_foreign_awaitable():
    """What nobody here will ever wake is an error where it stands, not a wait without end."""
    class Foreign:
        def __await__(self):
            return (yield self)

    async def main():
        await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
        try:
            await Foreign()
        except TypeError as error:
            return str(error)
    assert 'Foreign' in DevSsh.run(main())


def test_awaited_twice():
    async def main():
        operation = DevSsh.KeyPair.generate_async('ssh-ed25519', 0)

        async def again():
            return (await operation).get_algorithm()
        waiting = [asyncio.ensure_future(again()) for _ in range(2)]
        while not all(one.done() for one in waiting):
            GLib.MainContext.default().iteration(False)
            await asyncio.sleep(0)
        return [one.result() for one in waiting]
    assert asyncio.run(asyncio.wait_for(main(), 20)) == ['ssh-ed25519'] * 2


def test_operation_alone():
    assert DevSsh.run(DevSsh.KeyPair.generate_async('ssh-ed25519', 0)).get_algorithm() == 'ssh-ed25519'


def test_known_already():
    """What is known needs no turn of the loop, however often it is asked for."""
    async def main():
        operation = DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
        return {(await operation).get_algorithm() for _ in range(10 * sys.getrecursionlimit())}
    assert DevSsh.run(main()) == {'ssh-ed25519'}


def test_run_inside_a_handler():
    async def inner():
        return (await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)).get_algorithm()

    async def main():
        DevSsh.KeyPair.generate_async('ecdsa-sha2-nistp256', 0, None,
                                      lambda source, result: algorithms.append(DevSsh.run(inner())))
        while not algorithms:
            await DevSsh.KeyPair.generate_async('ecdsa-sha2-nistp256', 0)
        return algorithms
    algorithms = []
    assert DevSsh.run(main()) == ['ssh-ed25519']


def until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


def interrupts(times, awaitable):
    """Ctrl-C while it waits; what comes of it."""
    for _ in range(times):
        GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGINT) and False)
    try:
        return DevSsh.run(awaitable)
    except KeyboardInterrupt as interrupt:
        return interrupt


silent = []


def never():
    """An operation that does not end by itself, for the peer says nothing; and its end."""
    near, far, _ = stage.wire()
    silent.append(far)
    operation = DevSsh.ClientSession.new(near, DevSsh.SessionConfig.new_no_security()).connect_async()
    ended = []
    operation.then(lambda value, error: ended.append(error))
    return operation, ended


def test_interrupt():
    operation, ended = never()

    async def main():
        try:
            await operation
        finally:
            steps.append('left')
            # What it leaves may take a while.
            await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
            steps.append('cleaned up')
    steps = []
    assert isinstance(interrupts(1, main()), KeyboardInterrupt)
    assert steps == ['left', 'cleaned up'], steps
    until(lambda: ended)
    assert ended[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), ended
    # It is as if nothing had been.
    assert DevSsh.run(DevSsh.KeyPair.generate_async('ssh-ed25519', 0)).get_has_private()


def test_interrupt_of_the_caught():
    async def main():
        try:
            await never()[0]
        except KeyboardInterrupt:
            return 'caught'
    assert interrupts(1, main()) == 'caught'


def test_interrupt_twice():
    """Who does not want to wait for the end of it either need not."""
    first, second = never(), never()

    async def main():
        try:
            await first[0]
        finally:
            GLib.idle_add(lambda: os.kill(os.getpid(), signal.SIGINT) and False)
            try:
                await second[0]
            finally:
                steps.append('closed')
                await never()[0]
    steps = []
    assert isinstance(interrupts(1, main()), KeyboardInterrupt)
    assert steps == ['closed'], steps
    until(lambda: first[1] and second[1])


def test_interrupt_inside_a_handler():
    """Both end, the inner one first."""
    async def inner():
        try:
            await never()[0]
        finally:
            steps.append('inner')

    def handler(source, result):
        try:
            DevSsh.run(inner())
        except KeyboardInterrupt:
            steps.append('handler')

    async def main():
        DevSsh.KeyPair.generate_async('ssh-ed25519', 0, None, handler)
        GLib.timeout_add(20, lambda: os.kill(os.getpid(), signal.SIGINT) and False)
        try:
            await never()[0]
        finally:
            steps.append('outer')
    steps = []
    assert isinstance(interrupts(0, main()), KeyboardInterrupt)
    assert steps == ['inner', 'handler', 'outer'], steps


def test_closed_coroutine():
    """Given up before its end, by whoever drives it."""
    operation, ended = never()

    async def main():
        await operation
    coroutine = main()
    coroutine.send(None)
    coroutine.close()
    until(lambda: ended)
    assert ended[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED), ended


def test_no_awaitable():
    for wrong in 5, None, len:
        try:
            DevSsh.run(wrong)
        except TypeError as error:
            assert 'await' in str(error), error
        else:
            assert False, wrong


def test_help():
    for function, words in ((DevSsh.Channel.read, ['read(self, size', 'bytes']), (DevSsh.Channel.write, ['write(self, data']),
                            (DevSsh.Session.accepted, ['accepted(self, channel_type']), (DevSsh.run, ['coroutine']),
                            (DevSsh.Channel.request_async, ['request_type:str', 'awaited', 'bool'])):
        text = pydoc.render_doc(function, renderer=pydoc.plaintext)
        assert all(word in text for word in words), text


def test_exception_leaves():
    async def main():
        await DevSsh.KeyPair.generate_async('ssh-ed25519', 0)
        raise KeyError('mine')
    try:
        DevSsh.run(main())
    except KeyError as error:
        assert error.args == ('mine',)
    else:
        assert False, 'the exception got lost'


def main():
    assert overrides.__file__.endswith('DevSsh.py')
    return tap.run('/python/overrides', tap.tests_in(globals()))


if __name__ == '__main__':
    sys.exit(main())
