#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Forwards a port through a host whose key is known, until it is interrupted.

   forward.py HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT

local: listens here, the server connects to the target; remote: the other way round. LISTEN-PORT 0: any.
"""
import sys
import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib


def opening(session, question):
    """The plugin asks before it lets anything in: connections to the port that we asked for are wanted."""
    question.accept()
    return True


async def main(host, port, user, key_file, known_hosts_file, direction, listen, target, target_port):
    known_hosts = DevSsh.KnownHosts()
    await known_hosts.load_file_async(Gio.File.new_for_path(known_hosts_file))
    me = DevSsh.ClientCredentials.new(user)
    me.add_key(await DevSsh.KeyPair.import_file_async(Gio.File.new_for_path(key_file), DevSsh.KeyFormat.DEFAULT))
    config = DevSsh.SessionConfig()
    config.allow_plugins([DevSsh.SERVICE_NAME_PORT_FORWARDING])

    async with await DevSsh.Client(config=config).connect_to_host_async(host, int(port)) as session:
        DevSsh.HostKeyVerifier.new(known_hosts, DevSsh.HostKeyPolicy.STRICT).attach(session, host, int(port))
        if not await session.authenticate_async(me):
            raise PermissionError('refused')
        if direction == 'local':
            forwarded = await session.forward_to_remote_port_async('127.0.0.1', int(listen), target, int(target_port))
            print('forwarding port', forwarded.get_local_port(), flush=True)
        else:
            session.connect('channel-opening', opening)
            forwarded = await session.forward_from_remote_port_async('127.0.0.1', int(listen), target, int(target_port))
            if not forwarded:
                raise PermissionError('refused')
            print('forwarding port', forwarded.get_remote_port(), flush=True)
        await session.wait_closed_async()
        raise session.get_error() or ConnectionError('the session is over')


if len(sys.argv) != 10:
    sys.exit('usage: forward.py HOST PORT USER KEY-FILE KNOWN-HOSTS local|remote LISTEN-PORT TARGET-HOST TARGET-PORT')
try:
    DevSsh.run(main(*sys.argv[1:]))
except (GLib.Error, OSError) as error:
    sys.exit(f'forward: {getattr(error, "message", error)}')
