#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is what other languages see complete? Reads the GIR and the shared library; prints TAP.

  test-gir.py GIR LIBRARY

Warnings of the scanner are errors already; this finds what it says nothing about: functions that it dropped,
symbols without a doc comment, and names that a binding's language cannot say.
"""
import keyword
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
DOCUMENTED = ['class', 'interface', 'record', 'enumeration', 'bitfield', 'member', 'constant', 'callback',
              'function', 'method', 'constructor', 'virtual-method', 'property', 'union', 'alias', 'boxed']
CALLABLES = ['function', 'method', 'constructor']
# What is (skip), and why: exactly this. Nothing else is kept from other languages.
SKIPPED = {'devssh_key_pair_new_for_evp_pkey': 'takes an EVP_PKEY of OpenSSL, which no binding has'}
# GObject's own, whatever a language adds to it, and what a class or an instance has anyway (decision D21).
TAKEN = {
    # GObject.Object
    *('add_toggle_ref bind_property bind_property_full compat_control connect connect_after connect_data connect_object'
      ' disconnect emit find_property force_floating freeze_notify get_data get_property get_qdata getv'
      ' install_properties install_property interface_find_property interface_install_property interface_list_properties'
      ' is_floating list_properties new newv notify notify_by_pspec override_property ref ref_count ref_sink'
      ' remove_toggle_ref replace_data replace_qdata run_dispose set_data set_property set_qdata steal_data steal_qdata'
      ' thaw_notify unref watch_closure weak_ref weak_unref constructed dispose finalize dispatch_properties_changed'
      ' get_type g_type_instance qdata').split(),
    # Python
    *('chain connect_object_after disconnect_by_func emit_stop_by_name freeze_notify get_properties'
      ' handler_block handler_block_by_func handler_disconnect handler_is_connected handler_unblock'
      ' handler_unblock_by_func props set_properties stop_emission stop_emission_by_name weak_ref').split(),
    # JavaScript
    *('block_signal_handler bind_property connect_after constructor disconnect emit gtype hasOwnProperty isPrototypeOf'
      ' propertyIsEnumerable set signal_handler_find signal_handlers_block_by_func'
      ' signal_handlers_disconnect_by_func signal_handlers_unblock_by_func stop_emission_by_name toLocaleString toString'
      ' unblock_signal_handler valueOf vfunc').split()}
# A record is no object: these are its own, and a binding calls them by itself.
OF_RECORDS = {'ref', 'unref', 'copy', 'free'}
CPP = set('alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class co_await'
          ' co_return co_yield compl concept const const_cast consteval constexpr constinit continue decltype default delete do'
          ' double dynamic_cast else enum explicit export extern false float for friend goto if inline int long mutable namespace'
          ' new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast requires return'
          ' short signed sizeof static static_assert static_cast struct switch template this thread_local throw true try typedef'
          ' typeid typename union unsigned using virtual void volatile wchar_t while xor xor_eq'.split())
JAVASCRIPT = set('arguments async await break case catch class const continue debugger default delete do else enum eval export'
                 ' extends false finally for function if implements import in instanceof interface let new null package private'
                 ' protected public return static super switch this throw true try typeof undefined var void while with yield'
                 .split())
VALA = set('abstract as async base bool break case catch char class const construct continue default delegate delete do double'
           ' dynamic else ensures enum errordomain extern false finally float for foreach get global if in inline int int16 int32'
           ' int64 int8 interface internal is lock long namespace new null out override owned params partial private protected'
           ' public ref requires return sealed set short signal size_t sizeof ssize_t static string struct switch this throw'
           ' throws time_t true try typeof uchar uint uint16 uint32 uint64 uint8 ulong unichar unlock unowned ushort using va_list'
           ' value var virtual void volatile weak while with yield'.split())
PYTHON = {*keyword.kwlist, *keyword.softkwlist} - {'_', 'type'}
KEYWORDS = PYTHON | CPP | JAVASCRIPT | VALA
# Vala writes what it cannot say of a parameter with an @, and nobody names it there; C++ reads our headers.
OF_PARAMETERS = PYTHON | CPP | JAVASCRIPT


class Gir:
    def __init__(self, path):
        self.namespace = ElementTree.parse(path).getroot().find(f'{CORE}namespace')
        self.items = list(self.walk(self.namespace, self.namespace.get('name')))

    def walk(self, parent, path):
        for item in parent:
            tag = item.tag.removeprefix(CORE).removeprefix(GLIB)
            name = item.get('name')
            if name and tag in DOCUMENTED + ['signal', 'field']:
                separator = {'property': ':', 'signal': '::'}.get(tag, '.')
                yield tag, f'{path}{separator}{name}', item
                if tag not in CALLABLES and not self.is_class_struct(item):
                    yield from self.walk(item, f'{path}.{name}')

    def dropped(self, symbols):
        """Public functions that are neither in the GIR nor a type's or domain's own."""
        known = {item.get(C + 'identifier') for _, _, item in self.items}
        known |= {item.get(GLIB + 'get-type') for _, _, item in self.items}
        return sorted(symbols - known)

    def undocumented(self):
        for tag, path, item in self.items:
            if tag in DOCUMENTED + ['signal'] and not self.is_class_struct(item):
                if item.find(f'{CORE}doc') is None and item.find(f'{CORE}doc-deprecated') is None:
                    yield path

    def undated(self):
        for tag, path, item in self.items:
            if tag in DOCUMENTED + ['signal'] and tag != 'member' and not self.is_class_struct(item):
                if item.get('version') is None:
                    yield path

    def undocumented_parameters(self):
        for tag, path, item in self.items:
            if tag in [*CALLABLES, 'signal', 'virtual-method', 'callback']:
                for parameter in item.findall(f'{CORE}parameters/{CORE}parameter'):
                    if parameter.find(f'{CORE}doc') is None:
                        yield f"{path} ({parameter.get('name')})"
                result = item.find(f'{CORE}return-value')
                kind = result.find(f'{CORE}type') if result is not None else None
                if (result is not None and result.find(f'{CORE}doc') is None
                        and (kind is None or kind.get('name') != 'none')):
                    yield f'{path} (returns)'

    def unsayable(self):
        for tag, path, item in self.items:
            name = item.get('name').replace('-', '_')
            if tag in [*CALLABLES, 'signal', 'virtual-method', 'property']:
                # new() is what constructors are called in every binding.
                if (tag == 'constructor' and name == 'new') or (name in OF_RECORDS and self.is_plain_record(path)):
                    pass
                elif name in TAKEN:
                    yield f"{path} hides GObject's own"
                elif name in KEYWORDS:
                    yield f'{path} is a keyword somewhere'
            elif tag in ['member', 'constant'] and (not name.upper().isidentifier() or name.upper() in KEYWORDS):
                yield f'{path} cannot be said'
            for parameter in item.findall(f'{CORE}parameters/{CORE}parameter'):
                if parameter.get('name') in OF_PARAMETERS:
                    yield f"{path} ({parameter.get('name')}) is a keyword somewhere"

    def hidden(self):
        """One name for two things of a class: a language with one space for both sees only one of them."""
        for owner in self.namespace:
            seen = {}
            for child in owner:
                tag = child.tag.removeprefix(CORE).removeprefix(GLIB)
                if tag in ['method', 'function', 'constructor', 'signal', 'property']:
                    name = child.get('name').replace('-', '_')
                    if name in seen and {tag, seen[name]} != {'method', 'property'}:
                        yield f"{owner.get('name')}.{name}: {seen[name]} and {tag}"
                    seen[name] = tag

    def skipped(self):
        found = {item.get(C + 'identifier') or item.get('name') for item in self.namespace.iter()
                 if item.get('introspectable') == '0' and not self.is_part(item)}
        for name in sorted(found ^ set(SKIPPED)):
            yield f"{name}: {'(skip) without a reason' if name in found else 'is not skipped any more'}"

    def is_part(self, item):
        """Of something that is skipped itself."""
        return item.get('name') is None

    def uncancellable(self):
        """What takes a while and cannot be given up."""
        for tag, path, item in self.items:
            if tag in [*CALLABLES, 'virtual-method'] and item.get('name').endswith('_async'):
                kinds = [kind.get('name') for kind in item.findall(f'{CORE}parameters/{CORE}parameter/{CORE}type')]
                if kinds[-3:-1] != ['Gio.Cancellable', 'Gio.AsyncReadyCallback']:
                    yield f'{path}: {", ".join(map(str, kinds))}'

    def is_class_struct(self, item):
        return item.get(GLIB + 'is-gtype-struct-for') is not None or item.get('disguised') == '1'

    def is_plain_record(self, path):
        owner = path.rsplit('.', 1)[0]
        return any(tag == 'record' and name == owner for tag, name, _ in self.items)

    def unmarked(self):
        """_async without _finish, and the other way round."""
        functions = {item.get(C + 'identifier'): item for _, _, item in self.items}
        functions.pop(None, None)
        names = set(functions)
        for name, item in sorted(functions.items()):
            if name.endswith('_async') and f"{name.removesuffix('_async')}_finish" not in names:
                # foo_full_async() ends in foo_finish().
                if f"{name.removesuffix('_async').removesuffix('_full')}_finish" not in names:
                    yield f'{name}: no _finish'
            takes = {kind.get('name') for kind in item.iter(CORE + 'type')}
            if 'Gio.AsyncResult' in takes and f"{name.removesuffix('_finish')}_async" not in names:
                yield f'{name}: no _async'


def symbols_in(library):
    output = subprocess.run(['nm', '-D', '--defined-only', '--format=posix', library],
                            check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in output.split('\n') if line.startswith('devssh_') and ' T ' in line}


def main():
    gir = Gir(sys.argv[1])
    checks = [
        ('nothing-dropped', gir.dropped(symbols_in(sys.argv[2]))),
        ('documented', gir.undocumented()),
        ('since', gir.undated()),
        ('parameters-documented', gir.undocumented_parameters()),
        ('sayable', gir.unsayable()),
        ('nothing-hidden', gir.hidden()),
        ('skipped-for-a-reason', gir.skipped()),
        ('async-in-pairs', gir.unmarked()),
        ('async-cancellable', gir.uncancellable()),
        ('not-empty', [] if len(gir.items) > 100 else [f'only {len(gir.items)} items']),
    ]
    failed = False
    print(f'1..{len(checks)}')
    for number, (name, faults) in enumerate(checks, 1):
        faults = list(faults)
        failed |= bool(faults)
        print(f"{'not ok' if faults else 'ok'} {number} /gir/{name}")
        for fault in faults:
            print(f'# {fault}')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
