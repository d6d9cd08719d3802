// SPDX-License-Identifier: LGPL-2.1-or-later
// JavaScript's promises; prints TAP.
imports.gi.versions.DevSsh = '1';
const {DevSsh, Gio, GLib} = imports.gi;
const System = imports.system;

const tests = {
    async 'promise'() {
        const key = await DevSsh.KeyPair.generate_async('ssh-ed25519', 0, null);
        return key.get_algorithm() === 'ssh-ed25519';
    },

    async 'error'() {
        try {
            await DevSsh.KeyPair.generate_async('no-such-algorithm', 0, null);
        } catch (error) {
            return error instanceof DevSsh.Error && error.code === DevSsh.Error.UNSUPPORTED;
        }
        return false;
    },

    async 'cancelled'() {
        const cancellable = new Gio.Cancellable();
        const promise = DevSsh.KeyPair.generate_async('ssh-rsa', 2048, cancellable);
        cancellable.cancel();
        try {
            await promise;
        } catch (error) {
            return error.matches(Gio.IOErrorEnum, Gio.IOErrorEnum.CANCELLED);
        }
        return false;
    },

    async 'two-at-once'() {
        const keys = await Promise.all(['ssh-ed25519', 'ecdsa-sha2-nistp256'].map(
            algorithm => DevSsh.KeyPair.generate_async(algorithm, 0, null)));
        return keys.map(key => key.get_algorithm()).join() === 'ssh-ed25519,ecdsa-sha2-nistp256';
    },

    async 'keys'() {
        const folder = GLib.dir_make_tmp('devssh-keys-XXXXXX');
        const file = Gio.File.new_for_path(`${folder}/key`);
        const {KeyFileFlags, KeyFormat, KeyPair} = DevSsh;
        try {
            const key = await KeyPair.generate_async('ssh-ed25519', 0, null);
            await key.export_private_file_async(file, KeyFormat.OPENSSH, 'password', KeyFileFlags.NONE, null);
            try {
                await KeyPair.import_file_async(file, KeyFormat.DEFAULT, null, null);
                return false;
            } catch (error) {
                if (!error.matches(DevSsh.Error, DevSsh.Error.PASSPHRASE_REQUIRED))
                    throw error;
            }
            const again = await KeyPair.import_file_async(file, KeyFormat.DEFAULT, 'password', null);
            const text = await again.export_private_async(KeyFormat.JWK, null, null);
            return (await KeyPair.import_data_async(text, KeyFormat.JWK, null, null)).equal(key);
        } finally {
            file.delete(null);
            GLib.rmdir(folder);
        }
    },

    'callback'() {
        return new Promise(resolve => {
            DevSsh.KeyPair.generate_async('ssh-ed25519', 0, null, (source, result) => {
                resolve(DevSsh.KeyPair.generate_finish(result).get_algorithm() === 'ssh-ed25519');
            });
        });
    },
};

const loop = GLib.MainLoop.new(null, false);
let failed = 0;

async function main() {
    let number = 0;
    print(`1..${Object.keys(tests).length}`);
    for (const [name, test] of Object.entries(tests)) {
        let passed = false;
        try {
            passed = await test();
        } catch (error) {
            printerr(error, error.stack);
        }
        failed += passed ? 0 : 1;
        print(`${passed ? 'ok' : 'not ok'} ${++number} /javascript/overrides/${name}`);
    }
}

main().finally(() => loop.quit());
loop.run();
System.exit(failed ? 1 : 0);
