/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams of all kinds, of which the test holds the far end. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  GIOStream *stream;
  int        far_in;    /* what the stream writes is read here; never blocks */
  int        far_out;   /* the same descriptor, or not */
} TestFarEnd;

typedef void (*TestFarEndFunc) (TestFarEnd *self);

void test_far_end_socket        (TestFarEnd *self);
/* Only here is there a reset. */
void test_far_end_tcp           (TestFarEnd *self);
void test_far_end_pipe          (TestFarEnd *self);
/* As those of a GSubprocess: GIO's own write to one waits until all is taken. */
void test_far_end_blocking_pipe (TestFarEnd *self);
/* Cannot be polled. */
void test_far_end_buffered      (TestFarEnd *self);

G_END_DECLS
