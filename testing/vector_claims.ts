/**
 * Statements of the standard that vectors check: by device, message and name of the vector, three
 * at most.
 *
 * @module
 */

import type { StatementId } from "./covers.ts";

/** Statements by `"message: name"`, for each device. */
export const vectorClaims: Readonly<
  Record<string, Readonly<Record<string, readonly StatementId[]>>>
> = {
  blk: {
    "config: every feature": [
      "devicenormative:Device Types / Block Device / Device Initialization#4",
      "devicenormative:Device Types / Block Device / Device Initialization#18",
    ],
    "virtio_blk_req.out: writes to a read-only disk": [
      "devicenormative:Device Types / Block Device / Device Operation#3",
      "devicenormative:Device Types / Block Device / Device Operation#4",
    ],
    "virtio_blk_req.flush: flushes": [
      "drivernormative:Device Types / Block Device / Device Operation#5",
    ],
    "virtio_blk_req.discard: discards with unmap, which is for zeroes only": [
      "devicenormative:Device Types / Block Device / Device Operation#6",
    ],
    "virtio_blk_req.write_zeroes: writes zeroes with an unknown flag": [
      "devicenormative:Device Types / Block Device / Device Operation#5",
    ],
    "virtio_blk_req.get_id: an identification of 20 characters, without a NUL": [
      "drivernormative:Device Types / Block Device / Device Operation#8",
    ],
    "virtio_blk_req.zone_append: appends a sector to a zone": [
      "devicenormative:Device Types / Block Device / Device Operation#29",
    ],
  },
  crypto: {
    "virtio_crypto_op_ctrl_req.cipher_create_session: AES-CBC to encrypt, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#1",
      "drivernormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#3",
      "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#1",
    ],
    "virtio_crypto_op_ctrl_req.mac_create_session: HMAC-SHA1, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#1",
      "drivernormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#2",
      "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#2",
    ],
    "virtio_crypto_op_ctrl_req.hash_create_session: no more sessions": [
      "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: create session#3",
    ],
    "virtio_crypto_op_ctrl_req.hash_destroy_session: a session ends, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: destroy session#1",
    ],
    "virtio_crypto_op_ctrl_req.hash_destroy_session: a session that does not exist": [
      "devicenormative:Device Types / Crypto Device / Device Operation / Control Virtqueue / Session operation / Session operation: destroy session#1",
    ],
    "virtio_crypto_op_data_req.hash: 20 bytes of 16, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#1",
      "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#3",
    ],
    "virtio_crypto_op_data_req.hash_stateless: SHA1 without a session": [
      "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#2",
    ],
    "virtio_crypto_op_data_req.hash: not supported": [
      "devicenormative:Device Types / Crypto Device / Device Operation / HASH Service Operation#4",
    ],
    "virtio_crypto_op_data_req.mac: 20 bytes of 16, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / MAC Service Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / MAC Service Operation#2",
      "devicenormative:Device Types / Crypto Device / Device Operation / MAC Service Operation#3",
    ],
    "virtio_crypto_op_data_req.mac_stateless: HMAC-SHA1 without a session": [
      "devicenormative:Device Types / Crypto Device / Device Operation / MAC Service Operation#1",
    ],
    "virtio_crypto_op_data_req.cipher_encrypt: AES-CBC, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#2",
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#3",
    ],
    "virtio_crypto_op_data_req.cipher_encrypt: AES-CBC with a MAC": [
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#4",
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#7",
    ],
    "virtio_crypto_op_data_req.cipher_encrypt_stateless: AES-CBC without a session": [
      "devicenormative:Device Types / Crypto Device / Device Operation / Symmetric algorithms Operation#1",
    ],
    "virtio_crypto_op_data_req.aead_encrypt: AES-GCM, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / AEAD Service Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / AEAD Service Operation#2",
    ],
    "virtio_crypto_op_data_req.aead_encrypt_stateless: AES-GCM without a session": [
      "devicenormative:Device Types / Crypto Device / Device Operation / AEAD Service Operation#1",
    ],
    "virtio_crypto_op_data_req.akcipher_encrypt: RSA, framed without padding": [
      "drivernormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#5",
      "devicenormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#2",
    ],
    "virtio_crypto_op_data_req.akcipher_verify: a signature that is wrong": [
      "devicenormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#3",
    ],
    "virtio_crypto_op_data_req.akcipher_encrypt_stateless: RSA without a session": [
      "devicenormative:Device Types / Crypto Device / Device Operation / AKCIPHER Service Operation#1",
    ],
  },
  entropy: {
    "random: the device uses less than the buffer, and the length says so": [
      "drivernormative:Device Types / Entropy Device / Device Operation#2",
      "devicenormative:Device Types / Entropy Device / Device Operation#2",
    ],
  },
  input: {
    "status: the caps lock light goes on": [
      "drivernormative:Device Types / Input Device / Device Operation#4",
    ],
  },
  net: {
    "receive: a packet over two buffers": [
      "devicenormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#1",
    ],
    "receive: a packet over three buffers, the first with the header alone": [
      "devicenormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#1",
    ],
    "transmit: an outer network header: 32 bytes": [
      "drivernormative:Device Types / Network Device / Device Operation / Packet Transmission#1",
      "drivernormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#4",
    ],
    "transmit: a security association, without OUT_NET_HEADER": [
      "drivernormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#4",
    ],
    "virtio_net_ctrl.rx_promisc: promiscuous on": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Packet Receive Filtering#1",
    ],
    "virtio_net_ctrl.rx_nobcast: no broadcast on": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Packet Receive Filtering#5",
    ],
    "virtio_net_ctrl.mac_table_set: two unicast addresses and one multicast": [
      "drivernormative:Device Types / Network Device / Device Operation / Control Virtqueue / Setting MAC Address Filtering#3",
    ],
    "virtio_net_ctrl.mac_table_set: empty tables": [
      "drivernormative:Device Types / Network Device / Device Operation / Control Virtqueue / Setting MAC Address Filtering#4",
    ],
    "virtio_net_ctrl.hash_tunnel_set: an encapsulation that the device does not know": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Inner Header Hash#2",
    ],
    "virtio_net_ctrl.notf_coal_vq_set: the control queue has no such setting": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#4",
    ],
    "virtio_net_ctrl.notf_coal_vq_get: a queue without a setting: an ack and nothing else": [
      "drivernormative:Device Types / Network Device / Device Operation / Control Virtqueue / Notifications Coalescing#4",
    ],
    "virtio_net_ctrl.stats_query: every kind of statistics": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics#1",
    ],
    "virtio_net_ctrl.stats_get: a queue that does not exist": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics#2",
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics#3",
    ],
    "virtio_net_ctrl.stats_get: every kind of counters of all queues": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics#4",
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics#5",
    ],
    "virtio_net_ctrl.stats_get: more room than counters": [
      "devicenormative:Device Types / Network Device / Device Operation / Control Virtqueue / Device Statistics#6",
    ],
  },
  scsi: {
    "config: the defaults of sense_size and cdb_size": [
      "devicenormative:Device Types / SCSI Host Device / Device configuration layout#1",
    ],
    "command: READ(10) that fails with CHECK CONDITION": [
      "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: Request Queues#1",
    ],
    "command: answered with busy": [
      "devicenormative:Device Types / SCSI Host Device / Device Operation / Device Operation: Request Queues#2",
    ],
  },
};
