/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One SSH packet with aes256-gcm@openssh.com, and nothing else: the key is set once, only the IV per packet; header,
 * payload and padding go in apart, so the payload is read where it lies and written once, encrypted. */
#pragma once

#include <glib.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* Beyond the data: length, padding length, message number, channel, data length, padding, tag. */
#define BENCH_GCM_EXTRA (4 + 1 + 9 + 19 + 16)

typedef struct
{
  EVP_CIPHER_CTX *context;
  guint8          iv[12];
} BenchGcm;

static inline guint32
bench_get_uint32 (const guint8 *bytes)
{
  return (guint32) bytes[0] << 24 | (guint32) bytes[1] << 16 | (guint32) bytes[2] << 8 | bytes[3];
}

static inline void
bench_put_uint32 (guint8  *bytes,
                  guint32  value)
{
  bytes[0] = (guint8) (value >> 24);
  bytes[1] = (guint8) (value >> 16);
  bytes[2] = (guint8) (value >> 8);
  bytes[3] = (guint8) value;
}

static inline void
bench_gcm_init (BenchGcm *self,
                gboolean  seal)
{
  static const guint8 key[32] = { 1, 2, 3 };

  self->context = EVP_CIPHER_CTX_new ();
  memset (self->iv, 7, sizeof self->iv);
  if (EVP_CipherInit_ex (self->context, EVP_aes_256_gcm (), NULL, key, self->iv, seal) != 1)
    abort ();
}

static inline void
bench_gcm_next (BenchGcm *self)
{
  for (int i = 11; i >= 4 && ++self->iv[i] == 0; i--)
    ;
  EVP_CipherInit_ex (self->context, NULL, NULL, NULL, self->iv, -1);
}

/* Returns how much was written to out. */
static inline gsize
bench_gcm_seal (BenchGcm     *self,
                guint8       *out,
                const guint8 *data,
                gsize         length)
{
  static const guint8 zero[32];
  guint8 head[10];
  int written;
  int padding = 16 - (int) ((10 + length) % 16);

  if (padding < 4)
    padding += 16;
  bench_put_uint32 (out, (guint32) (10 + length + (gsize) padding));
  head[0] = (guint8) padding;
  head[1] = 94;
  bench_put_uint32 (head + 2, 0);
  bench_put_uint32 (head + 6, (guint32) length);

  bench_gcm_next (self);
  EVP_EncryptUpdate (self->context, NULL, &written, out, 4);
  EVP_EncryptUpdate (self->context, out + 4, &written, head, 10);
  EVP_EncryptUpdate (self->context, out + 14, &written, data, (int) length);
  EVP_EncryptUpdate (self->context, out + 14 + length, &written, zero, padding);
  EVP_EncryptFinal_ex (self->context, out, &written);
  EVP_CIPHER_CTX_ctrl (self->context, EVP_CTRL_AEAD_GET_TAG, 16, out + 14 + length + padding);

  return 14 + length + (gsize) padding + 16;
}

/* Decrypts in place; returns how much data there is, and where. */
static inline gsize
bench_gcm_open (BenchGcm  *self,
                guint8    *packet,
                guint32    length,
                guint8   **data)
{
  int written;

  bench_gcm_next (self);
  EVP_CIPHER_CTX_ctrl (self->context, EVP_CTRL_AEAD_SET_TAG, 16, packet + 4 + length);
  EVP_DecryptUpdate (self->context, NULL, &written, packet, 4);
  EVP_DecryptUpdate (self->context, packet + 4, &written, packet + 4, (int) length);
  if (EVP_DecryptFinal_ex (self->context, packet + 4 + length, &written) != 1)
    abort ();
  *data = packet + 14;

  return bench_get_uint32 (packet + 10);
}
