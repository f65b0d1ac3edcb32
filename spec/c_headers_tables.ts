/**
 * Where Linux's headers and the standard differ: in names, and in substance.
 *
 * @module
 */

/** A struct of Linux that has the layout of one of ours under other names. */
export interface LinuxStruct {
  readonly linux: string;
  /** Linux's names for fields, in nested structs too; several where it cuts a field in pieces. */
  readonly fields?: Readonly<Record<string, string | readonly string[]>>;
  /** It is only a part of ours, which starts at this offset; below 0, ours is a part of it. */
  readonly partAt?: number;
  /** It is ours with these features and no others. */
  readonly features?: readonly string[];
}

function nested(path: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `${path}.${name}`]));
}

const netHeader = ["flags", "gso_type", "hdr_len", "gso_size", "csum_start", "csum_offset"];

/** Structs that Linux calls otherwise, or whose fields it does. */
export const linuxStructs: Readonly<Record<string, readonly LinuxStruct[]>> = {
  virtq_desc: [{ linux: "vring_desc" }],
  virtq_avail: [{ linux: "vring_avail" }],
  virtq_used_elem: [{ linux: "vring_used_elem" }],
  virtq_used: [{ linux: "vring_used" }],
  pvirtq_desc: [{ linux: "vring_packed_desc" }],
  pvirtq_event_suppress: [{ linux: "vring_packed_desc_event", fields: { desc: "off_wrap" } }],
  virtio_pci_common_cfg: [{
    linux: "virtio_pci_common_cfg",
    fields: {
      driver_feature_select: "guest_feature_select",
      driver_feature: "guest_feature",
      config_msix_vector: "msix_config",
      queue_desc: ["queue_desc_lo", "queue_desc_hi"],
      queue_driver: ["queue_avail_lo", "queue_avail_hi"],
      queue_device: ["queue_used_lo", "queue_used_hi"],
    },
  }],
  virtio_blk_config: [{
    linux: "virtio_blk_config",
    fields: {
      topology: ["physical_block_exp", "alignment_offset", "min_io_size", "opt_io_size"],
      writeback: "wce",
      unused0: "unused",
    },
  }],
  virtio_blk_req: [{ linux: "virtio_blk_outhdr", partAt: 0, fields: { reserved: "ioprio" } }],
  virtio_net_hdr: [
    { linux: "virtio_net_hdr", partAt: 0 },
    { linux: "virtio_net_hdr_mrg_rxbuf", partAt: 0, fields: nested("hdr", netHeader) },
    { linux: "virtio_net_hdr_v1", partAt: 0 },
    {
      linux: "virtio_net_hdr_v1_hash",
      partAt: 0,
      fields: { ...nested("hdr", [...netHeader, "num_buffers"]), padding_reserved: "padding" },
    },
  ],
  virtio_net_ctrl: [{ linux: "virtio_net_ctrl_hdr", partAt: 0, fields: { command: "cmd" } }],
  virtio_net_ctrl_mq_pairs_set: [{ linux: "virtio_net_ctrl_mq" }],
  virtio_net_ctrl_coal: [
    {
      linux: "virtio_net_ctrl_coal_tx",
      fields: { max_packets: "tx_max_packets", max_usecs: "tx_usecs" },
    },
    {
      linux: "virtio_net_ctrl_coal_rx",
      fields: { max_packets: "rx_max_packets", max_usecs: "rx_usecs" },
    },
  ],
  virtio_scsi_req_cmd: [
    { linux: "virtio_scsi_cmd_req", partAt: 0, features: [], fields: { id: "tag" } },
    {
      linux: "virtio_scsi_cmd_req_pi",
      partAt: 0,
      features: ["VIRTIO_SCSI_F_T10_PI"],
      fields: { id: "tag" },
    },
  ],
  virtio_scsi_ctrl_tmf: [
    { linux: "virtio_scsi_ctrl_tmf_req", partAt: 0, fields: { id: "tag" } },
    { linux: "virtio_scsi_ctrl_tmf_resp", partAt: 24 },
  ],
  virtio_scsi_ctrl_an: [
    { linux: "virtio_scsi_ctrl_an_req", partAt: 0 },
    { linux: "virtio_scsi_ctrl_an_resp", partAt: 16 },
  ],
  virtio_gpu_get_edid: [{ linux: "virtio_gpu_cmd_get_edid" }],
  virtio_gpu_3d_ctx_resource: [{ linux: "virtio_gpu_ctx_resource", partAt: -24 }],
  virtio_gpu_3d_resource: [{ linux: "virtio_gpu_resource_create_3d", partAt: -24 }],
  virtio_gpu_3d_transfer: [{ linux: "virtio_gpu_transfer_host_3d", partAt: -24 }],
  virtio_gpio_response_N: [{ linux: "virtio_gpio_response_get_names" }],
  virtio_mem_req: [{ linux: "virtio_mem_req", fields: { readable_body: "u" } }],
  virtio_mem_resp: [{ linux: "virtio_mem_resp", fields: { writable_body: "u" } }],
  virtio_mem_resp_state: [{ linux: "virtio_mem_resp_state", fields: { type: "state" } }],
  virtio_iommu_fault: [{ linux: "virtio_iommu_fault", fields: { reserved1: "reserved2" } }],
  virtio_iommu_probe_property: [{
    linux: "virtio_iommu_probe_property",
    fields: { property: "type" },
  }],
  virtio_snd_event: [{ linux: "virtio_snd_event", fields: { code: "hdr.code" } }],
  virtio_snd_query_info: [{ linux: "virtio_snd_query_info", fields: { code: "hdr.code" } }],
  virtio_snd_jack_hdr: [{ linux: "virtio_snd_jack_hdr", fields: { code: "hdr.code" } }],
  virtio_snd_jack_remap: [{
    linux: "virtio_snd_jack_remap",
    fields: { code: "hdr.hdr.code", jack_id: "hdr.jack_id" },
  }],
  virtio_snd_pcm_hdr: [{ linux: "virtio_snd_pcm_hdr", fields: { code: "hdr.code" } }],
  virtio_snd_pcm_set_params: [{
    linux: "virtio_snd_pcm_set_params",
    fields: { code: "hdr.hdr.code", stream_id: "hdr.stream_id" },
  }],
  virtio_crypto_ctrl_header: [{
    linux: "virtio_crypto_ctrl_header",
    fields: { reserved: "queue_id" },
  }],
  virtio_crypto_create_session_input: [{ linux: "virtio_crypto_session_input" }],
  virtio_crypto_cipher_session_flf: [{
    linux: "virtio_crypto_cipher_session_para",
    fields: { key_len: "keylen" },
  }],
  virtio_crypto_hash_create_session_flf: [{ linux: "virtio_crypto_hash_session_para", partAt: 0 }],
  virtio_crypto_mac_create_session_flf: [{ linux: "virtio_crypto_mac_session_para" }],
  virtio_crypto_aead_create_session_flf: [{
    linux: "virtio_crypto_aead_session_para",
    fields: { tag_len: "hash_result_len" },
  }],
  virtio_crypto_akcipher_create_session_flf: [{
    linux: "virtio_crypto_akcipher_session_para",
    partAt: 0,
    fields: { key_type: "keytype", key_len: "keylen" },
  }],
  virtio_crypto_alg_chain_session_flf: [{
    linux: "virtio_crypto_alg_chain_session_para",
    fields: { cipher_hdr: "cipher_param", algo_flf: "u" },
  }],
  virtio_crypto_sym_create_session_flf: [{
    linux: "virtio_crypto_sym_create_session_req",
    fields: { op_flf: "u" },
  }],
  virtio_crypto_destroy_session_flf: [{ linux: "virtio_crypto_destroy_session_req", partAt: 0 }],
  virtio_crypto_cipher_data_flf: [{ linux: "virtio_crypto_cipher_para" }],
  virtio_crypto_hash_data_flf: [{ linux: "virtio_crypto_hash_para" }],
  virtio_crypto_mac_data_flf: [{ linux: "virtio_crypto_mac_para", fields: { hdr: "hash" } }],
  virtio_crypto_aead_data_flf: [{ linux: "virtio_crypto_aead_para", partAt: 0 }],
  virtio_crypto_akcipher_data_flf: [{ linux: "virtio_crypto_akcipher_para" }],
  virtio_crypto_alg_chain_data_flf: [{ linux: "virtio_crypto_alg_chain_data_para" }],
};

/** Parts of messages, of which Linux has the struct and the standard none: `"device set.case part"`. */
export const linuxParts: Readonly<Record<string, readonly LinuxStruct[]>> = {
  "gpu control.ctx_destroy readable": [{ linux: "virtio_gpu_ctx_destroy", partAt: 0 }],
  "gpu control.submit_3d readable": [{ linux: "virtio_gpu_cmd_submit", partAt: 0 }],
  "scsi command.command writable": [{
    linux: "virtio_scsi_cmd_resp",
    partAt: 0,
    fields: { residual: "resid" },
  }],
};

/** Constants that Linux calls otherwise, as expressions: some are masks there and bit numbers here. */
export const linuxConstants: Readonly<Record<string, string>> = {
  VIRTQ_DESC_F_NEXT: "VRING_DESC_F_NEXT",
  VIRTQ_DESC_F_WRITE: "VRING_DESC_F_WRITE",
  VIRTQ_DESC_F_INDIRECT: "VRING_DESC_F_INDIRECT",
  VIRTQ_DESC_F_AVAIL: "1 << VRING_PACKED_DESC_F_AVAIL",
  VIRTQ_DESC_F_USED: "1 << VRING_PACKED_DESC_F_USED",
  VIRTQ_AVAIL_F_NO_INTERRUPT: "VRING_AVAIL_F_NO_INTERRUPT",
  VIRTQ_USED_F_NO_NOTIFY: "VRING_USED_F_NO_NOTIFY",
  RING_EVENT_FLAGS_ENABLE: "VRING_PACKED_EVENT_FLAG_ENABLE",
  RING_EVENT_FLAGS_DISABLE: "VRING_PACKED_EVENT_FLAG_DISABLE",
  RING_EVENT_FLAGS_DESC: "VRING_PACKED_EVENT_FLAG_DESC",
  VIRTQ_DESC_ALIGN: "VRING_DESC_ALIGN_SIZE",
  VIRTQ_AVAIL_ALIGN: "VRING_AVAIL_ALIGN_SIZE",
  VIRTQ_USED_ALIGN: "VRING_USED_ALIGN_SIZE",
  VIRTIO_F_INDIRECT_DESC: "VIRTIO_RING_F_INDIRECT_DESC",
  VIRTIO_F_EVENT_IDX: "VIRTIO_RING_F_EVENT_IDX",
  VIRTIO_CONFIG_S_DEVICE_NEEDS_RESET: "VIRTIO_CONFIG_S_NEEDS_RESET",
  VIRTIO_ID_ENTROPY: "VIRTIO_ID_RNG",
  VIRTIO_ID_NINEP: "VIRTIO_ID_9P",
  VIRTIO_ID_RTC: "VIRTIO_ID_CLOCK",
  VIRTIO_TRANS_ID_ENTROPY: "VIRTIO_TRANS_ID_RNG",
  VIRTIO_TRANS_ID_NINEP: "VIRTIO_TRANS_ID_9P",
  VIRTIO_PCI_LEGACY_QUEUE_ADDR_SHIFT: "VIRTIO_PCI_QUEUE_ADDR_SHIFT",
  VIRTIO_BALLOON_F_PAGE_REPORTING: "VIRTIO_BALLOON_F_REPORTING",
  VIRTIO_CONSOLE_DEVICE_ADD: "VIRTIO_CONSOLE_PORT_ADD",
  VIRTIO_CONSOLE_DEVICE_REMOVE: "VIRTIO_CONSOLE_PORT_REMOVE",
  VIRTIO_GPIO_MSG_GET_LINE_NAMES: "VIRTIO_GPIO_MSG_GET_NAMES",
  VIRTIO_GPIO_MSG_SET_IRQ_TYPE: "VIRTIO_GPIO_MSG_IRQ_TYPE",
  VIRTIO_I2C_FLAGS_FAIL_NEXT: "__builtin_ctz(VIRTIO_I2C_FLAGS_FAIL_NEXT)",
  VIRTIO_I2C_FLAGS_M_RD: "__builtin_ctz(VIRTIO_I2C_FLAGS_M_RD)",
  VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE: "__builtin_ctz(VIRTIO_VSOCK_SHUTDOWN_RCV)",
  VIRTIO_VSOCK_SHUTDOWN_F_SEND: "__builtin_ctz(VIRTIO_VSOCK_SHUTDOWN_SEND)",
  VIRTIO_NET_HASH_TYPE_IPv4: "VIRTIO_NET_RSS_HASH_TYPE_IPv4",
  VIRTIO_NET_HASH_TYPE_TCPv4: "VIRTIO_NET_RSS_HASH_TYPE_TCPv4",
  VIRTIO_NET_HASH_TYPE_UDPv4: "VIRTIO_NET_RSS_HASH_TYPE_UDPv4",
  VIRTIO_NET_HASH_TYPE_IPv6: "VIRTIO_NET_RSS_HASH_TYPE_IPv6",
  VIRTIO_NET_HASH_TYPE_TCPv6: "VIRTIO_NET_RSS_HASH_TYPE_TCPv6",
  VIRTIO_NET_HASH_TYPE_UDPv6: "VIRTIO_NET_RSS_HASH_TYPE_UDPv6",
  VIRTIO_NET_HASH_TYPE_IP_EX: "VIRTIO_NET_RSS_HASH_TYPE_IP_EX",
  VIRTIO_NET_HASH_TYPE_TCP_EX: "VIRTIO_NET_RSS_HASH_TYPE_TCP_EX",
  VIRTIO_NET_HASH_TYPE_UDP_EX: "VIRTIO_NET_RSS_HASH_TYPE_UDP_EX",
};

/** Linux's constants for the offsets of registers, by layout, register file and register. */
export const linuxRegisters: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "mmio.modern": {
    MagicValue: "VIRTIO_MMIO_MAGIC_VALUE",
    Version: "VIRTIO_MMIO_VERSION",
    DeviceID: "VIRTIO_MMIO_DEVICE_ID",
    VendorID: "VIRTIO_MMIO_VENDOR_ID",
    DeviceFeatures: "VIRTIO_MMIO_DEVICE_FEATURES",
    DeviceFeaturesSel: "VIRTIO_MMIO_DEVICE_FEATURES_SEL",
    DriverFeatures: "VIRTIO_MMIO_DRIVER_FEATURES",
    DriverFeaturesSel: "VIRTIO_MMIO_DRIVER_FEATURES_SEL",
    QueueSel: "VIRTIO_MMIO_QUEUE_SEL",
    QueueSizeMax: "VIRTIO_MMIO_QUEUE_NUM_MAX",
    QueueSize: "VIRTIO_MMIO_QUEUE_NUM",
    QueueReady: "VIRTIO_MMIO_QUEUE_READY",
    QueueNotify: "VIRTIO_MMIO_QUEUE_NOTIFY",
    InterruptStatus: "VIRTIO_MMIO_INTERRUPT_STATUS",
    InterruptACK: "VIRTIO_MMIO_INTERRUPT_ACK",
    Status: "VIRTIO_MMIO_STATUS",
    QueueDescLow: "VIRTIO_MMIO_QUEUE_DESC_LOW",
    QueueDescHigh: "VIRTIO_MMIO_QUEUE_DESC_HIGH",
    QueueDriverLow: "VIRTIO_MMIO_QUEUE_AVAIL_LOW",
    QueueDriverHigh: "VIRTIO_MMIO_QUEUE_AVAIL_HIGH",
    QueueDeviceLow: "VIRTIO_MMIO_QUEUE_USED_LOW",
    QueueDeviceHigh: "VIRTIO_MMIO_QUEUE_USED_HIGH",
    SHMSel: "VIRTIO_MMIO_SHM_SEL",
    SHMLenLow: "VIRTIO_MMIO_SHM_LEN_LOW",
    SHMLenHigh: "VIRTIO_MMIO_SHM_LEN_HIGH",
    SHMBaseLow: "VIRTIO_MMIO_SHM_BASE_LOW",
    SHMBaseHigh: "VIRTIO_MMIO_SHM_BASE_HIGH",
    ConfigGeneration: "VIRTIO_MMIO_CONFIG_GENERATION",
  },
  "mmio.legacy": {
    HostFeatures: "VIRTIO_MMIO_DEVICE_FEATURES",
    HostFeaturesSel: "VIRTIO_MMIO_DEVICE_FEATURES_SEL",
    GuestFeatures: "VIRTIO_MMIO_DRIVER_FEATURES",
    GuestFeaturesSel: "VIRTIO_MMIO_DRIVER_FEATURES_SEL",
    GuestPageSize: "VIRTIO_MMIO_GUEST_PAGE_SIZE",
    QueueAlign: "VIRTIO_MMIO_QUEUE_ALIGN",
    QueuePFN: "VIRTIO_MMIO_QUEUE_PFN",
  },
  "pci.common": {
    device_feature_select: "VIRTIO_PCI_COMMON_DFSELECT",
    device_feature: "VIRTIO_PCI_COMMON_DF",
    driver_feature_select: "VIRTIO_PCI_COMMON_GFSELECT",
    driver_feature: "VIRTIO_PCI_COMMON_GF",
    config_msix_vector: "VIRTIO_PCI_COMMON_MSIX",
    num_queues: "VIRTIO_PCI_COMMON_NUMQ",
    device_status: "VIRTIO_PCI_COMMON_STATUS",
    config_generation: "VIRTIO_PCI_COMMON_CFGGENERATION",
    queue_select: "VIRTIO_PCI_COMMON_Q_SELECT",
    queue_size: "VIRTIO_PCI_COMMON_Q_SIZE",
    queue_msix_vector: "VIRTIO_PCI_COMMON_Q_MSIX",
    queue_enable: "VIRTIO_PCI_COMMON_Q_ENABLE",
    queue_notify_off: "VIRTIO_PCI_COMMON_Q_NOFF",
    queue_desc: "VIRTIO_PCI_COMMON_Q_DESCLO",
    queue_driver: "VIRTIO_PCI_COMMON_Q_AVAILLO",
    queue_device: "VIRTIO_PCI_COMMON_Q_USEDLO",
    queue_notif_config_data: "VIRTIO_PCI_COMMON_Q_NDATA",
    queue_reset: "VIRTIO_PCI_COMMON_Q_RESET",
  },
  "pci.legacy": {
    device_features: "VIRTIO_PCI_HOST_FEATURES",
    driver_features: "VIRTIO_PCI_GUEST_FEATURES",
    queue_address: "VIRTIO_PCI_QUEUE_PFN",
    queue_size: "VIRTIO_PCI_QUEUE_NUM",
    queue_select: "VIRTIO_PCI_QUEUE_SEL",
    queue_notify: "VIRTIO_PCI_QUEUE_NOTIFY",
    device_status: "VIRTIO_PCI_STATUS",
    isr_status: "VIRTIO_PCI_ISR",
    config_msix_vector: "VIRTIO_MSI_CONFIG_VECTOR",
    queue_msix_vector: "VIRTIO_MSI_QUEUE_VECTOR",
  },
};

/** Known differences, by reason: structs (their sizes), `struct.field`, constants. */
const differences: Readonly<Record<string, readonly string[]>> = {
  "Linux 6.1 stops short of VIRTIO 1.4": [
    "virtio_blk_config",
    "virtio_blk_config.zoned",
    "virtio_fs_config",
    "virtio_fs_config.notify_buf_size",
    "virtio_gpu_config",
    "virtio_gpu_config.blob_alignment",
    "virtio_net_config",
    "virtio_net_config.supported_tunnel_types",
    "virtio_pci_common_cfg",
    "virtio_pci_common_cfg.queue_notif_config_data",
    "virtio_pci_common_cfg.queue_reset",
    "virtio_pci_common_cfg.admin_queue_index",
    "virtio_pci_common_cfg.admin_queue_num",
    "virtio_snd_config",
    "virtio_snd_config.controls",
  ],
  "Linux has an older name in a union with the new one": [
    "virtio_balloon_config.free_page_report_cmd_id",
  ],
  "Linux computes where these fields behind an array lie": [
    "virtq_avail.used_event",
    "virtq_used.avail_event",
    "virtio_iommu_req_probe.tail",
  ],
  "Linux pads to eight bytes": [
    "virtio_crypto_ecdsa_session_para",
    "virtio_crypto_ecdsa_session_para.padding",
  ],
  "Linux has a union in place of the bodies, without what stands behind": [
    "virtio_crypto_op_ctrl_req.readable_body",
    "virtio_crypto_op_ctrl_req.writable_body",
    "virtio_crypto_op_ctrl_req.u",
    "virtio_crypto_op_data_req.readable_body",
    "virtio_crypto_op_data_req.writable_body",
    "virtio_crypto_op_data_req.surplus",
    "virtio_crypto_op_data_req.inhdr",
    "virtio_crypto_op_data_req.u",
  ],
  "Linux gives the name to the offset of a register or of a field": [
    "VIRTIO_MMIO_VERSION",
    "VIRTIO_PCI_CAP_VNDR",
  ],
};

/** Names of known differences. */
export const knownDifferences: ReadonlySet<string> = new Set(Object.values(differences).flat());
