#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A walk through all that Python sees: each name, each signal with its arguments, each property there and back. Prints TAP.

  test-walk.py GIR [CLASS]
"""
import sys

import stage
import tap
from stage import CORE, GLIB, HOST_KEY, DevSsh, Gio, GLib, GObject

BASIC = {'utf8': str, 'filename': str, 'gboolean': bool, 'gint': int, 'guint': int, 'gint64': int, 'guint64': int,
         'gdouble': float, 'GLib.Error': GLib.Error, 'GLib.Bytes': GLib.Bytes}
MODULES = {'Gio': Gio, 'GLib': GLib, 'GObject': GObject}

namespace = stage.namespace_of(sys.argv[1])
owners = {item.get('name'): item for kind in ('class', 'interface') for item in namespace.findall(CORE + kind)}
# What the walk has met: objects that sessions have shown, and those that are made below.
met = []


def python_type(name):
    if name in BASIC:
        return BASIC[name]
    module, _, name = name.rpartition('.')
    return getattr(MODULES.get(module, DevSsh), name)


# ---- names ----

def test_everything_is_there():
    for item in namespace:
        kind, name = item.tag.removeprefix(CORE), item.get('name')
        if kind in ('function', 'constant', 'class', 'interface', 'record', 'enumeration', 'bitfield'):
            thing = getattr(DevSsh, name)
        for child in item:
            if child.get('introspectable') == '0':
                continue
            if child.tag in (CORE + 'method', CORE + 'function', CORE + 'constructor') and kind != 'constant':
                assert callable(getattr(thing, child.get('name'))), (name, child.get('name'))
            elif child.tag == CORE + 'member':
                assert isinstance(getattr(thing, child.get('name').upper()), thing), (name, child.get('name'))
            elif child.tag == CORE + 'virtual-method' and kind == 'class':
                assert callable(getattr(thing, f"do_{child.get('name')}")), (name, child.get('name'))


def test_nothing_hides_what_python_has():
    for name, owner in owners.items():
        base = python_type(owner.get('parent')) if owner.get('parent') else GObject.Object
        for kind in 'method', 'function':
            for child in owner.findall(CORE + kind):
                assert not hasattr(base, child.get('name')), (name, child.get('name'))


# ---- signals ----

def signals():
    return {f"{name}::{item.get('name')}": item for name, owner in owners.items() for item in owner.findall(GLIB + 'signal')}


def test_each_signal_happens():
    rows = {name for name in stage.ROWS if '::' in name}
    assert rows == set(signals()), rows ^ set(signals())


def walk_signal(name, row):
    declared = signals()[name].findall(f'{CORE}parameters/{CORE}parameter')
    owner = getattr(DevSsh, name.split('::')[0])
    faults = []

    def check(watch, args):
        instance, *values = args
        met.extend(value for value in args if isinstance(value, GObject.Object))
        if not isinstance(instance, owner) or len(values) != len(declared):
            faults.append(args)
        for parameter, value in zip(declared, values):
            right = python_type(parameter.find(CORE + 'type').get('name'))
            if not isinstance(value, right) and not (value is None and parameter.get('nullable') == '1'):
                faults.append(f"{parameter.get('name')} is {value!r}, not {right}")
    DevSsh.run(row(stage.Watch(['answers'], check)))
    assert not faults, faults


# ---- properties ----

# What to write where a value of the type alone is none.
VALUES = {
    'CommandRunner:allowed-environment': ['LANG'],
    'CommandRunner:base-environment': ['PATH=/bin'],
    'HostKeyVerifier:file': Gio.File.new_for_path('/nonexistent'),
    'HostKeyVerifier:fingerprints': [HOST_KEY.dup_fingerprint()],
    'MultiChannelStream:channel-max-window-size': 65536,
    'SessionConfig:compression-algorithms': [],
    'SessionConfig:protocol-extensions': [DevSsh.EXTENSION_SESSION_RECONNECT],
}


def made():
    """Of each class that no signal shows, one; and of those with properties for construction, one with each of them."""
    near, far, _ = stage.wire()
    config, credentials = DevSsh.SessionConfig.new_with_reconnect(), stage.host()
    sessions = DevSsh.ReconnectableSessions.new()
    registry = DevSsh.PluginRegistry.new(None)
    hosts = DevSsh.KnownHosts.new()
    hosts.load_data(GLib.Bytes.new(b'host ' + HOST_KEY.export_public(DevSsh.KeyFormat.SSH).get_data()), None)
    return [config, sessions, hosts, HOST_KEY, *hosts.dup_entries('host', 0), DevSsh.SessionContour.new(4),
            *list(registry), *list(registry[0].get_services())], [
        (DevSsh.Client, {'config': config}),
        (DevSsh.ClientSession, {'config': config, 'stream': near}),
        (DevSsh.ForwardedPort, {'is_remote': True, 'local_host': 'here', 'local_port': 1, 'remote_host': 'there', 'remote_port': 2,
                                'reply': GLib.Bytes.new(b'reply')}),
        (DevSsh.HostKeyVerifier, {'known_hosts': hosts}),
        (DevSsh.PluginRegistry, {'directories': ['/nonexistent']}),
        (DevSsh.Server, {'config': config, 'credentials': credentials}),
        (DevSsh.ServerSession, {'config': config, 'stream': far, 'credentials': credentials, 'reconnectable_sessions': sessions}),
    ]


def same(one, other):
    if isinstance(one, DevSsh.SessionConfig) and isinstance(other, DevSsh.SessionConfig):
        # A session keeps a copy.
        return all(same(one.get_property(pspec.name), other.get_property(pspec.name)) for pspec in one.list_properties())
    if isinstance(one, GLib.Bytes):
        return one.equal(other)
    if isinstance(one, Gio.File):
        return one.equal(other)
    if isinstance(one, (list, type(None))) and isinstance(other, (list, type(None))):
        return (one or []) == (other or [])
    return one == other


def another(name, pspec, value):
    kind = pspec.value_type
    if name in VALUES:
        return VALUES[name]
    if kind == GObject.TYPE_BOOLEAN:
        return not value
    if kind.is_a(GObject.TYPE_ENUM):
        return next(other for other in pspec.enum_class.__enum_values__.values() if other != value)
    if kind == GObject.TYPE_STRING:
        return '/other'
    if kind == GObject.TYPE_STRV:
        return list(reversed(value)) if len(value) > 1 else None
    return value - 1 if value > pspec.minimum else value + 1


def walk_write(name, instance, pspec, item):
    heard = []
    handler = instance.connect(f'notify::{pspec.name}', lambda instance, pspec: heard.append(instance.get_property(pspec.name)))
    before = instance.get_property(pspec.name)
    value = another(name, pspec, before)
    assert not same(before, value), f'{name}: {value!r} is no other value'
    instance.set_property(pspec.name, value)
    assert same(instance.get_property(pspec.name), value), f'{name}: {instance.get_property(pspec.name)!r} is not {value!r}'
    assert len(heard) == 1 and same(heard[0], value), f'{name}: {heard} were notified'
    # Back, by its method. And there once more: of what does not change there may be news or none.
    heard.clear()
    getattr(instance, f"set_{pspec.name.replace('-', '_')}")(before)
    assert same(instance.get_property(pspec.name), before) and len(heard) == 1, f'{name}: {heard}'
    setattr(instance.props, pspec.name.replace('-', '_'), value)
    setattr(instance.props, pspec.name.replace('-', '_'), value)
    assert len(heard) in (2, 3), f'{name}: {heard}'
    instance.set_property(pspec.name, before)
    instance.disconnect(handler)


def walk_properties(owner_name):
    owner = owners[owner_name]
    declared = {item.get('name'): item for item in owner.findall(CORE + 'property')}
    cls = getattr(DevSsh, owner_name)
    objects = [instance for instance in met if isinstance(instance, cls)]
    assert objects, f'there is no {owner_name}'
    instance = objects[-1]
    specs = {pspec.name: pspec for pspec in instance.list_properties()}
    own = {name for name, pspec in specs.items() if pspec.owner_type == cls.__gtype__}
    assert own == set(declared) or owner.tag == CORE + 'interface', own ^ set(declared)
    for name, item in declared.items():
        path, pspec = f'{owner_name}:{name}', specs[name]
        attribute = name.replace('-', '_')
        assert pspec.flags & GObject.ParamFlags.READABLE and item.get('readable') != '0', path
        value = instance.get_property(name)
        assert same(getattr(instance.props, attribute), value), path
        getter = item.get('getter') or f'get_{attribute}'
        if hasattr(cls, getter):
            assert same(getattr(instance, getter)(), value), f'{path}: {getter}() gives {getattr(instance, getter)()!r}, not {value!r}'
        writable = bool(pspec.flags & GObject.ParamFlags.WRITABLE)
        only = bool(pspec.flags & GObject.ParamFlags.CONSTRUCT_ONLY)
        assert (writable, only) == (item.get('writable') == '1', item.get('construct-only') == '1'), path
        if writable and not only:
            walk_write(path, instance, pspec, item)
        elif only:
            given = [values[attribute] for kind, values in constructed if issubclass(kind, cls) and attribute in values]
            got = [one.get_property(name) for one, (kind, values) in zip(ours, constructed)
                   if issubclass(kind, cls) and attribute in values]
            assert given and all(map(same, given, got)), f'{path}: {got} is not {given}'


constructed, ours = [], []


def test_made_as_asked():
    objects, calls = made()
    met.extend(objects)
    constructed.extend(calls)
    for kind, values in calls:
        ours.append(kind(**values))
        met.insert(0, ours[-1])
        missing = {pspec.name for pspec in kind.list_properties()
                   if pspec.flags & GObject.ParamFlags.CONSTRUCT_ONLY} - {name.replace('_', '-') for name in values}
        assert not missing, (kind, missing)


def main():
    tests = tap.tests_in(globals())
    for name, rows in stage.ROWS.items():
        if '::' in name:
            tests += [(f"signal/{name.replace('::', '/')}/{row.__name__.replace('_', '-')}",
                       lambda name=name, row=row: walk_signal(name, row)) for row in rows]
    for name, owner in owners.items():
        tests.append((f'properties/{name}', lambda name=name: walk_properties(name)))
    return tap.run('/python/walk', tests)


if __name__ == '__main__':
    sys.exit(main())
