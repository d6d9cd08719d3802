// SPDX-License-Identifier: LGPL-2.1-or-later
// JavaScript's view of DevSsh: an operation without a callback returns a promise.
/* exported _init */

const {GLib} = imports.gi;

// Not Gio._promisify(): it keeps what it wraps on `this`, where an interface's methods are not found when the class comes out of
// a plugin; and from the pair (was it granted, the reply) it would take the first away if that is true.
function promisify(owner, start, finish) {
    const original = owner[start];
    owner[start] = function (...args) {
        if (args.length >= original.length)
            return original.apply(this, args);
        // The cancellable may be left out; GJS would insist on it.
        if (args.length === original.length - 2)
            args.push(null);
        const {stack} = new Error();
        return new Promise((resolve, reject) => {
            original.call(this, ...args, (source, result) => {
                try {
                    resolve((source ?? owner)[finish](result));
                } catch (error) {
                    // GLib calls back, so the error's own stack says nothing of who asked.
                    error.stack = `${error.stack}### Promise created here: ###\n${stack}`;
                    reject(error);
                }
            });
        });
    };
}

// A handler that leaves the question returns false, and then the channel may wait for accept_channel_async(). GLib cannot tell
// that from one that throws; but who throws refuses.
function refuseWhatThrows(owner, signal) {
    for (const name of ['connect', 'connect_after']) {
        const original = owner[name];
        owner[name] = function (detailed, handler) {
            return original.call(this, detailed, detailed !== signal ? handler : function (...args) {
                try {
                    return handler.apply(this, args);
                } catch (error) {
                    const opening = args[args.length - 1];
                    if (!opening.get_answered())
                        opening.reject(0, null);
                    throw error;
                }
            });
        };
    }
}

// Runs the main context until the promise is settled; what it has become is returned or thrown. For the outermost line of a
// program, as in Python. There an `await` would do, but for this: GJS makes no Error of a GError while no JavaScript is on the
// stack, and handlers of `closed`, `disconnected` and others that have one would not be called.
function run(promise) {
    const loop = new GLib.MainLoop(null, false);
    let value, finish = () => value;
    promise.then(result => {
        value = result;
    }, error => {
        finish = () => {
            throw error;
        };
    }).finally(() => loop.quit());
    loop.run();
    return finish();
}

function _init() {
    this.run = run;
    // Static operations (KeyPair.generate_async) stand on the class, the others on its prototype. A plugin's class, of which
    // nothing is known here, takes PortForwarder's from the interface.
    for (const name of Object.getOwnPropertyNames(this)) {
        for (const owner of [this[name], this[name]?.prototype]) {
            for (const start of Object.getOwnPropertyNames(owner ?? {}).filter(method => method.endsWith('_async'))) {
                const finish = start.replace(/_async$/, '_finish');
                promisify(owner, start, finish in owner ? finish : finish.replace(/_full_finish$/, '_finish'));
            }
        }
    }
    refuseWhatThrows(this.Session.prototype, 'channel-opening');
    refuseWhatThrows(this.MultiChannelStream.prototype, 'channel-opening');
    refuseWhatThrows(this.Server.prototype, 'session-channel-opening');
    // As GJS itself does for Gio.ListStore.
    this.PluginRegistry.prototype[Symbol.iterator] = function* () {
        for (let i = 0; i < this.get_n_items(); i++)
            yield this.get_item(i);
    };
}
