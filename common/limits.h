/*
 * limits - every bound that two places must agree on, with unit and reason.
 */
#ifndef SLUICE_LIMITS_H
#define SLUICE_LIMITS_H

/* Bytes of a line without its newline: 1,000 positions take about 1 MiB. */
#define LINE_SIZE_MAX (4u << 20)

/* Bytes that a unix: peer may leave unread before it is cut off (F101). */
#define PEER_UNREAD_MAX (8u << 20)

/* Bytes that may wait for a standard output that nobody reads. */
#define STDOUT_UNREAD_MAX (64u << 20)

/*
 * Bytes of input that one commit covers at the most (group commit).  They are
 * not held: a larger bound costs the pages that one commit changes, a smaller
 * one more commits.
 */
#define BATCH_SIZE_MAX (1u << 20)

/* Peers that one listening endpoint serves at a time. */
#define PEERS_MAX 64

/* Nesting of a JSON value: Bybit's replies need 6 (F46). */
#define JSON_DEPTH_MAX 32

/* Values in one JSON text, about 100 bytes of memory each (F46). */
#define JSON_VALUES_MAX 262144

/* Bytes of a Bybit or Telegram reply: 1,000 instruments take 1.2 MB (F22). */
#define REPLY_SIZE_MAX (8u << 20)

/* Bytes of a settings file, and of one value in it. */
#define SETTINGS_FILE_MAX (256u << 10)
#define SETTING_SIZE_MAX 4096

/* Bytes of a Unix socket's path with its NUL: sun_path of unix(7) (F98). */
#define SOCKET_PATH_MAX 108

#endif
