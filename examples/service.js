#!/usr/bin/gjs -m
// SPDX-License-Identifier: LGPL-2.1-or-later
// A service of a program's own: the subsystem "shout", which says in capitals what it hears. Around it a server for alice, whose
// password is wonderland.
//
//   gjs -m service.js [PORT]        then, in another terminal:
//   ssh -p PORT -s alice@localhost shout
import DevSsh from 'gi://DevSsh?version=1';
import GLib from 'gi://GLib?version=2.0';
import GObject from 'gi://GObject?version=2.0';
import System from 'system';

// Letters come in bytes, and a character that is more than one may come in two pieces.
const shout = byte => byte >= 97 && byte <= 122 ? byte - 32 : byte;

// One instance for each session, made when its rule first matches.
const Shout = GObject.registerClass(class Shout extends DevSsh.Service {
    vfunc_channel_request(request) {
        if (request.dup_command() !== 'shout')
            return false;
        request.complete(true);
        const channel = request.get_channel();
        channel.connect('data', (_, data) => channel.send_async(data.toArray().map(shout), null, null));
        channel.connect('eof', () => channel.close_with_status(0));
        return true;
    }
});

const config = new DevSsh.SessionConfig();
config.add_service(Shout, 'shout', ['channel-request:subsystem channel-type:session'], null);
const credentials = new DevSsh.ServerCredentials();
credentials.add_key(DevSsh.KeyPair.generate(DevSsh.ALGORITHM_KEY_ED25519, 0));
const server = DevSsh.Server.new(config, credentials);
server.connect('session-authenticating', (_, session, who) => {
    if (who.get_user_name() !== 'alice' || who.get_password() !== 'wonderland')
        return false;       // refused at once; taken and not answered, it would be so only when the garbage is collected
    who.accept(null);
    return true;
});
server.connect('session-channel-opening', (_, session, opening) => {
    opening.accept();
    return true;
});
try {
    print(`listening on port ${server.listen(null, Number(System.programArgs[0] ?? 0))}`);
} catch (error) {
    printerr(`service: ${error.message}`);
    System.exit(1);
}
new GLib.MainLoop(null, false).run();
