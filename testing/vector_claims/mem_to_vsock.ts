/**
 * Statements of the standard that the vectors of the devices from mem to vsock check.
 *
 * @module
 */

import type { VectorClaims } from "../vector_claims.ts";

/** By device and `"message: name"`. */
export const memToVsock: VectorClaims = {
  mem: {
    "guest_request.plug: padding that is not zero, which the device ignores": [
      "devicenormative:Device Types / Memory Device / Device Operation / PLUG request#1",
      "devicenormative:Device Types / Memory Device / Device Operation / PLUG request#2",
    ],
    "guest_request.plug: an answer with more than a type, which the driver ignores": [
      "drivernormative:Device Types / Memory Device / Device Operation / PLUG request#1",
    ],
    "guest_request.plug: the device can not do it now": [
      "devicenormative:Device Types / Memory Device / Device Operation / PLUG request#5",
    ],
    "guest_request.unplug: padding that is not zero, which the device ignores": [
      "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG request#1",
      "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG request#2",
    ],
    "guest_request.unplug: an answer with more than a type, which the driver ignores": [
      "drivernormative:Device Types / Memory Device / Device Operation / UNPLUG request#1",
    ],
    "guest_request.unplug: the device can not do it now": [
      "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG request#5",
    ],
    "guest_request.plug: plugs six blocks up to the end of the usable part": [
      "drivernormative:Device Types / Memory Device / Device Initialization#1",
    ],
    "guest_request.unplug_all: a request with more than a type, which the device ignores": [
      "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG ALL request#1",
      "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG ALL request#2",
    ],
    "guest_request.unplug_all: an answer with more than a type, which the driver ignores": [
      "drivernormative:Device Types / Memory Device / Device Operation / UNPLUG ALL request#1",
    ],
    "guest_request.unplug_all: the device can not do it now": [
      "devicenormative:Device Types / Memory Device / Device Operation / UNPLUG ALL request#3",
    ],
    "guest_request.state: padding that is not zero, which the device ignores": [
      "devicenormative:Device Types / Memory Device / Device Operation / STATE request#1",
      "devicenormative:Device Types / Memory Device / Device Operation / STATE request#2",
    ],
    "guest_request.state: padding that is not zero, which the driver ignores": [
      "drivernormative:Device Types / Memory Device / Device Operation / STATE request#1",
    ],
    "guest_request.state: an address that is not that of a block": [
      "devicenormative:Device Types / Memory Device / Device Operation / STATE request#3",
    ],
    "guest_request.state: no block": [
      "devicenormative:Device Types / Memory Device / Device Operation / STATE request#3",
    ],
    "guest_request.state: 65535 blocks": [
      "devicenormative:Device Types / Memory Device / Device Operation / STATE request#3",
    ],
  },
  net: {
    "receive: a packet over two buffers": [
      "devicenormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#1",
    ],
    "receive: a packet over three buffers, the first with the header alone": [
      "devicenormative:Device Types / Network Device / Device Operation / Setting Up Receive Buffers#1",
      "devicenormative:Device Types / Network Device / Device Operation / Processing of Incoming Packets#2",
      "devicenormative:Device Types / Network Device / Device Operation / Processing of Incoming Packets#3",
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
  pmem: {
    "config: 16 MiB at 9 GiB": [
      "devicenormative:Device Types / PMEM Device / Device Initialization#5",
      "drivernormative:Device Types / PMEM Device / Device Initialization#3",
    ],
    "request.flush: flushes": [
      "devicenormative:Device Types / PMEM Device / Device Operation / Virtqueue return#1",
    ],
    "request.flush: a flush that fails": [
      "devicenormative:Device Types / PMEM Device / Device Operation / Virtqueue return#1",
    ],
  },
  rtc: {
    "virtio_rtc_req.read: a time since 1970": [
      "drivernormative:Device Types / RTC Device / Device Operation#2",
      "drivernormative:Device Types / RTC Device / Device Operation#6",
      "devicenormative:Device Types / RTC Device / Device Operation#12",
    ],
    "virtio_rtc_req.cfg: three clocks": [
      "devicenormative:Device Types / RTC Device / Device Operation#8",
      "devicenormative:Device Types / RTC Device / Device Operation#9",
      "devicenormative:Device Types / RTC Device / Device Operation#14",
    ],
    "virtio_rtc_req.read: reserved bytes, which the driver does not look at": [
      "drivernormative:Device Types / RTC Device / Device Operation#4",
    ],
    "virtio_rtc_req.cfg: reserved bytes, which the driver does not look at": [
      "drivernormative:Device Types / RTC Device / Device Operation#4",
    ],
    "virtio_rtc_req.set_alarm: an undefined flag": [
      "devicenormative:Device Types / RTC Device / Device Operation#7",
    ],
    "virtio_rtc_req.read: reserved bytes of the head that are not zero": [
      "devicenormative:Device Types / RTC Device / Device Operation#7",
    ],
    "virtio_rtc_req: a request without a name": [
      "devicenormative:Device Types / RTC Device / Device Operation#4",
    ],
    "virtio_rtc_req: not even a whole head": [
      "devicenormative:Device Types / RTC Device / Device Operation#8",
    ],
    "virtio_rtc_req.read: a reading that does not fit, beside the head": [
      "devicenormative:Device Types / RTC Device / Device Operation#9",
    ],
    "virtio_rtc_req.read: no room for a status": [
      "devicenormative:Device Types / RTC Device / Device Operation#10",
    ],
    "virtio_rtc_req.read_alarm: an alarm without ALARM": [
      "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation#5",
      "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Control Requests#1",
    ],
    "virtio_rtc_req.set_alarm: an alarm without ALARM": [
      "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation#5",
      "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Control Requests#1",
    ],
    "virtio_rtc_req.set_alarm_enabled: an alarm without ALARM": [
      "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation#5",
      "devicenormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Control Requests#1",
    ],
    "virtio_rtc_notif.alarm: an alarm rings": [
      "drivernormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Notifications#1",
      "drivernormative:Device Types / RTC Device / Device Operation / Alarm Operation / Alarm Notifications#2",
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
  sound: {
    "control.jack_info: two of three jacks": [
      "drivernormative:Device Types / Sound Device / Item Information Request#2",
      "devicenormative:Device Types / Sound Device / Device Operation / Jack Information#2",
    ],
    "control.pcm_info: an output and an input": [
      "drivernormative:Device Types / Sound Device / Item Information Request#2",
      "devicenormative:Device Types / Sound Device / Device Operation / PCM Stream Information#2",
    ],
    "control.chmap_info: stereo, and as many channels as there may be": [
      "drivernormative:Device Types / Sound Device / Item Information Request#2",
    ],
    "control.ctl_info: a switch": [
      "drivernormative:Device Types / Sound Device / Item Information Request#2",
    ],
    "control.pcm_set_params: two channels of 16 bits at 48000 Hz": [
      "drivernormative:Device Types / Sound Device / Device Operation / PCM Stream Parameters#6",
    ],
  },
  spi: {
    "config: two chip selects and every function, words of 8 or 16 bits": [
      "devicenormative:Device Types / SPI Controller Device / Device Operation#1",
    ],
    "transfer: reads three bytes": [
      "drivernormative:Device Types / SPI Controller Device / Device Operation#1",
    ],
    "transfer: writes three bytes": [
      "drivernormative:Device Types / SPI Controller Device / Device Operation#2",
      "devicenormative:Device Types / SPI Controller Device / Device Operation#2",
    ],
    "transfer: writes three bytes and reads two": [
      "devicenormative:Device Types / SPI Controller Device / Device Operation#5",
      "devicenormative:Device Types / SPI Controller Device / Device Operation#6",
    ],
    "transfer: writes and reads two bytes at a time": [
      "drivernormative:Device Types / SPI Controller Device / Device Operation#3",
      "devicenormative:Device Types / SPI Controller Device / Device Operation#2",
    ],
  },
  vsock: {
    "transmit: five bytes of a stream": [
      "drivernormative:Device Types / Socket Device / Feature bits#1",
    ],
    "virtio_vsock_event.transport_reset: all connections are gone": [
      "drivernormative:Device Types / Socket Device / Device Operation / Device Events#1",
    ],
  },
};
