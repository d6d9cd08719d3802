#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command on a host whose key is known, and ends as the command does.

   client.py HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND
   client.py localhost 22 alice ~/.ssh/id_ed25519 ~/.ssh/known_hosts "uname -a"
"""
import sys
import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, Gio, GLib


async def main(host, port, user, key_file, known_hosts_file, command):
    known_hosts = DevSsh.KnownHosts()
    await known_hosts.load_file_async(Gio.File.new_for_path(known_hosts_file))
    me = DevSsh.ClientCredentials.new(user)
    me.add_key(await DevSsh.KeyPair.import_file_async(Gio.File.new_for_path(key_file), DevSsh.KeyFormat.DEFAULT))

    async with await DevSsh.Client().connect_to_host_async(host, int(port)) as session:
        # A key that is not known to be the host's ends the session before the user's name has left.
        DevSsh.HostKeyVerifier.new(known_hosts, DevSsh.HostKeyPolicy.STRICT).attach(session, host, int(port))
        if not await session.authenticate_async(me):
            raise PermissionError('refused')
        async with await session.open_channel_async() as channel:
            channel.connect('data', lambda channel, data: sys.stdout.buffer.write(data.get_data()))
            channel.connect('extended-data', lambda channel, kind, data: sys.stderr.buffer.write(data.get_data()))
            await channel.exec_async(command)
            await channel.wait_closed_async()
        return channel.get_exit_status()


if len(sys.argv) != 7:
    sys.exit('usage: client.py HOST PORT USER KEY-FILE KNOWN-HOSTS COMMAND')
try:
    status = DevSsh.run(main(*sys.argv[1:]))
except (GLib.Error, PermissionError) as error:
    print('client:', getattr(error, 'message', error), file=sys.stderr)
    status = 255
sys.exit(status)
