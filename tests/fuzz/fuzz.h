/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every fuzz target is made of: one function, and a reader that takes its input apart.
 *
 * Each fuzz-NAME.c is a target of libFuzzer; without libFuzzer it replays what lies in corpus/NAME (T-90). */
#pragma once

#include <stdint.h>
#include <string.h>
#include <libdevssh/wire/devssh-reader-private.h>

G_BEGIN_DECLS

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
int LLVMFuzzerInitialize   (int *argc, char ***argv);

/* Never empty-handed: what is not there reads as zero, or as less. */
typedef struct
{
  const guint8 *data;
  gsize         length;
} FuzzInput;

static inline guint8
fuzz_byte (FuzzInput *self)
{
  if (self->length == 0)
    return 0;

  self->length--;

  return *self->data++;
}

static inline guint16
fuzz_uint16 (FuzzInput *self)
{
  guint16 high = fuzz_byte (self);

  return (guint16) (high << 8 | fuzz_byte (self));
}

static inline DevSshSlice
fuzz_take (FuzzInput *self,
           gsize      length)
{
  DevSshSlice slice = { self->data, MIN (length, self->length) };

  self->data += slice.length;
  self->length -= slice.length;

  return slice;
}

/* One byte of length, or 255 and two bytes. */
static inline DevSshSlice
fuzz_slice (FuzzInput *self)
{
  gsize length = fuzz_byte (self);

  if (length == 255)
    length = fuzz_uint16 (self);

  return fuzz_take (self, length);
}

/* What is left, as a string. */
static inline char *
fuzz_text (FuzzInput *self)
{
  DevSshSlice slice = fuzz_take (self, self->length);

  return slice.length > 0 ? g_strndup ((const char *) slice.data, slice.length) : g_strdup ("");
}

G_END_DECLS
