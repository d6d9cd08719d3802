/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What ThreadSanitizer cannot see: GLib is not built with it, and its locks and counters use the futex directly. These stand in front of
 * GLib's own, and say what each of them orders. Linked into tests only where that sanitizer is on. */
#include <dlfcn.h>
#include <glib-object.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

/* dlsym() locks, and is asked once for each. */
#define REAL(name) \
  static __typeof__ (&name) real; \
  if (G_UNLIKELY (__atomic_load_n (&real, __ATOMIC_RELAXED) == NULL)) \
    __atomic_store_n (&real, (__typeof__ (&name)) dlsym (RTLD_NEXT, #name), __ATOMIC_RELAXED)

#undef g_object_unref
#undef g_object_ref

void
g_mutex_lock (GMutex *mutex)
{
  REAL (g_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

gboolean
g_mutex_trylock (GMutex *mutex)
{
  gboolean locked;

  REAL (g_mutex_trylock);
  locked = real (mutex);
  if (locked)
    __tsan_acquire (mutex);
  return locked;
}

void
g_mutex_unlock (GMutex *mutex)
{
  REAL (g_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_rec_mutex_lock (GRecMutex *mutex)
{
  REAL (g_rec_mutex_lock);
  real (mutex);
  __tsan_acquire (mutex);
}

void
g_rec_mutex_unlock (GRecMutex *mutex)
{
  REAL (g_rec_mutex_unlock);
  __tsan_release (mutex);
  real (mutex);
}

void
g_cond_wait (GCond  *cond,
             GMutex *mutex)
{
  REAL (g_cond_wait);
  __tsan_release (mutex);
  real (cond, mutex);
  __tsan_acquire (mutex);
}

gboolean
(g_atomic_ref_count_dec) (gatomicrefcount *count)
{
  gboolean last;

  REAL (g_atomic_ref_count_dec);
  __tsan_release ((void *) count);
  last = real (count);
  if (last)
    __tsan_acquire ((void *) count);
  return last;
}

void
g_object_unref (gpointer object)
{
  REAL (g_object_unref);
  __tsan_release (object);
  __tsan_acquire (object);
  real (object);
}

gpointer
g_weak_ref_get (GWeakRef *weak_ref)
{
  gpointer object;

  REAL (g_weak_ref_get);
  object = real (weak_ref);
  __tsan_acquire (weak_ref);
  return object;
}

void
g_bytes_unref (GBytes *bytes)
{
  REAL (g_bytes_unref);
  if (bytes == NULL)
    return;
  __tsan_release (bytes);
  __tsan_acquire (bytes);
  real (bytes);
}

gboolean
(g_once_init_enter) (volatile void *location)
{
  gboolean first;

  REAL (g_once_init_enter);
  first = real (location);
  __tsan_acquire ((void *) location);
  return first;
}

void
(g_once_init_leave) (volatile void *location,
                     gsize          result)
{
  REAL (g_once_init_leave);
  __tsan_release ((void *) location);
  real (location, result);
}
