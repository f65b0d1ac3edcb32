/**
 * Statements of the standard that the vectors of the devices from balloon to media check.
 *
 * @module
 */

import type { VectorClaims } from "../vector_claims.ts";

/** By device and `"message: name"`. */
export const balloonToMedia: VectorClaims = {
  balloon: {
    "stats: every statistic": [
      "drivernormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#1",
      "drivernormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#2",
      "drivernormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#3",
    ],
    "stats: two statistics, the one with the higher tag first": [
      "devicenormative:Device Types / Memory Balloon Device / Device Operation / Memory Statistics#2",
    ],
    "hint_command: the round 2 begins; the queue stands behind those that exist": [
      "drivernormative:Device Types / Memory Balloon Device / Device Operation / Free Page Hinting#1",
    ],
  },
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
  can: {
    "tx: an FD frame without CAN_FD": [
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#1",
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#2",
    ],
    "tx: an undefined flag": [
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#1",
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#2",
    ],
    "tx: nine bytes in a classic frame": [
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#3",
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#4",
    ],
    "tx: 30 bits for an identifier of 29": [
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#3",
      "devicenormative:Device Types / CAN Device / Device Operation / CAN Message Transmission#4",
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
  gpio: {
    "config: ten lines without names": [
      "devicenormative:Device Types / GPIO Device / requestq Operation#2",
      "devicenormative:Device Types / GPIO Device / requestq Operation#3",
    ],
    "config: ten lines with 41 bytes of names": [
      "devicenormative:Device Types / GPIO Device / requestq Operation#2",
    ],
    "virtio_gpio_request.get_value: line 9 is high": [
      "drivernormative:Device Types / GPIO Device / requestq Operation#5",
    ],
    "virtio_gpio_request.get_direction: line 3 is an input": [
      "drivernormative:Device Types / GPIO Device / requestq Operation#2",
      "drivernormative:Device Types / GPIO Device / requestq Operation#4",
      "drivernormative:Device Types / GPIO Device / requestq Operation#6",
    ],
    "virtio_gpio_request.set_direction: line 3 becomes an output": [
      "drivernormative:Device Types / GPIO Device / requestq Operation#1",
      "drivernormative:Device Types / GPIO Device / requestq Operation#3",
      "devicenormative:Device Types / GPIO Device / requestq Operation#1",
    ],
    "virtio_gpio_request.get_direction: the direction of a line that is not there": [
      "devicenormative:Device Types / GPIO Device / requestq Operation#1",
    ],
  },
  i2c: {
    "virtio_i2c_req: two bytes to the chip 0x50": [
      "drivernormative:Device Types / I2C Adapter Device / Device Operation#8",
      "devicenormative:Device Types / I2C Adapter Device / Device Operation#4",
      "devicenormative:Device Types / I2C Adapter Device / Device Operation#5",
    ],
    "virtio_i2c_req: four bytes from the chip 0x50": [
      "drivernormative:Device Types / I2C Adapter Device / Device Operation#7",
      "devicenormative:Device Types / I2C Adapter Device / Device Operation#6",
    ],
    "virtio_i2c_req: the chip 0x3ff, by ten bits": [
      "drivernormative:Device Types / I2C Adapter Device / Device Operation#3",
      "drivernormative:Device Types / I2C Adapter Device / Device Operation#4",
    ],
    "virtio_i2c_req: a write of nothing: is anybody there?": [
      "drivernormative:Device Types / I2C Adapter Device / Device Operation#5",
    ],
  },
  input: {
    "status: the caps lock light goes on": [
      "drivernormative:Device Types / Input Device / Device Operation#4",
    ],
  },
  iommu: {
    "virtio_iommu_req.attach: the endpoint 8 to the domain 1": [
      "drivernormative:Device Types / IOMMU Device / Device operations#1",
      "drivernormative:Device Types / IOMMU Device / Device operations / ATTACH request#1",
      "devicenormative:Device Types / IOMMU Device / Device operations#1",
    ],
    "virtio_iommu_req.attach: no such endpoint": [
      "drivernormative:Device Types / IOMMU Device / Device operations#3",
    ],
    "virtio_iommu_req.attach: reserved bytes in the head, which nobody looks at": [
      "devicenormative:Device Types / IOMMU Device / Device operations#4",
      "devicenormative:Device Types / IOMMU Device / Device operations#5",
    ],
    "virtio_iommu_req.attach: reserved bytes in the tail, which the driver does not look at": [
      "drivernormative:Device Types / IOMMU Device / Device operations#2",
    ],
    "virtio_iommu_req.attach: reserved bytes that are not zero": [
      "devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#1",
    ],
    "virtio_iommu_req.attach: a flag that the device does not know": [
      "devicenormative:Device Types / IOMMU Device / Device operations / ATTACH request#2",
    ],
    "virtio_iommu_req.detach: the endpoint 8 from the domain 1": [
      "drivernormative:Device Types / IOMMU Device / Device operations / DETACH request#1",
    ],
    "virtio_iommu_req.detach: reserved bytes, which nobody looks at": [
      "devicenormative:Device Types / IOMMU Device / Device operations / DETACH request#1",
    ],
    "virtio_iommu_req.map: a flag that the device does not know": [
      "devicenormative:Device Types / IOMMU Device / Device operations / MAP request#3",
    ],
    "virtio_iommu_req.unmap: the page again": [
      "drivernormative:Device Types / IOMMU Device / Device operations / UNMAP request#1",
    ],
    "virtio_iommu_req.probe: no properties": [
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE request#1",
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE request#2",
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#10",
    ],
    "virtio_iommu_req.probe: a reserved range and the doorbell of interrupts": [
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#5",
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#6",
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#7",
    ],
    "virtio_iommu_req.probe: properties up to the last byte": [
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE properties / RESVMEM#1",
    ],
    "virtio_iommu_req.probe: a property with a reserved bit, which the driver passes over": [
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE request#5",
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE request#6",
    ],
    "virtio_iommu_req.probe: a property without a name before one with a name": [
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE request#4",
    ],
    "virtio_iommu_req.probe: reserved bytes, which nobody looks at": [
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#1",
    ],
    "virtio_iommu_req.probe: less room than the properties take": [
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#8",
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#9",
    ],
    "virtio_iommu_req.probe: without PROBE": [
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#3",
      "devicenormative:Device Types / IOMMU Device / Device operations / PROBE request#4",
    ],
    "virtio_iommu_req.probe: reserved bytes of a property, which the driver does not look at": [
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE properties / RESVMEM#2",
    ],
    "virtio_iommu_req.probe: an unknown kind of reserved range is one of the device": [
      "drivernormative:Device Types / IOMMU Device / Device operations / PROBE properties / RESVMEM#3",
    ],
    "virtio_iommu_req: a type without a name": [
      "devicenormative:Device Types / IOMMU Device / Device operations#2",
      "devicenormative:Device Types / IOMMU Device / Device operations#3",
    ],
    "fault: the endpoint has no domain": [
      "devicenormative:Device Types / IOMMU Device / Device operations / Fault reporting#1",
    ],
    "fault: reserved bytes that are not zero": [
      "drivernormative:Device Types / IOMMU Device / Device operations / Fault reporting#1",
    ],
    "fault: a second reserved word, which the driver does not look at": [
      "drivernormative:Device Types / IOMMU Device / Device operations / Fault reporting#2",
    ],
    "fault: a reason without a name is an unknown one": [
      "drivernormative:Device Types / IOMMU Device / Device operations / Fault reporting#4",
    ],
  },
  media: {
    "command.ioctl: VIDIOC_S_INPUT: there is no such input, and nothing is written": [
      "drivernormative:Device Types / Media Device / Device Operation / V4L2 ioctls#2",
    ],
  },
};
