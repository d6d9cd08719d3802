#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A service of a program's own: the subsystem "shout", which says in capitals what it hears. Around it a server for alice, whose
password is wonderland.

   service.py [PORT]        then, in another terminal:
   ssh -p PORT -s alice@localhost shout
"""
import sys
import gi
gi.require_version('DevSsh', '1')
from gi.repository import DevSsh, GLib


class Shout(DevSsh.Service):
    """One instance for each session, made when its rule first matches."""
    activation = 'channel-request:subsystem channel-type:session'

    def do_channel_request(self, request):
        if request.dup_command() != 'shout':
            return False
        request.complete(True)
        channel = request.get_channel()
        channel.connect('data', lambda channel, data: channel.send_async(GLib.Bytes.new(data.get_data().upper()), None, None))
        channel.connect('eof', lambda channel: channel.close_with_status(0))
        return True


def authenticating(server, session, who):
    if who.get_user_name() == 'alice' and who.get_password() == 'wonderland':
        who.accept()
    return True


def channel_opening(server, session, opening):
    opening.accept()
    return True


config = DevSsh.SessionConfig()
config.add_service(Shout)
credentials = DevSsh.ServerCredentials()
credentials.add_key(DevSsh.KeyPair.generate(DevSsh.ALGORITHM_KEY_ED25519, 0))
server = DevSsh.Server.new(config, credentials)
server.connect('session-authenticating', authenticating)
server.connect('session-channel-opening', channel_opening)
try:
    port = server.listen(None, int(sys.argv[1]) if len(sys.argv) > 1 else 0)
except GLib.Error as error:
    sys.exit(f'service: {error.message}')
print(f'listening on port {port}', flush=True)
GLib.MainLoop().run()
