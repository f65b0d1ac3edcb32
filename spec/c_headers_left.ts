/**
 * What Linux's headers have beside what is compared.
 *
 * @module
 */

/** What of Linux's VIRTIO headers nothing is compared with, by reason. */
const left: Readonly<Record<string, readonly string[]>> = {
  "Devices without a chapter, and devices that are not of VIRTIO": [
    "virtio_9p_config",
    "VIRTIO_9P_MOUNT_TAG",
    "virtio_bt_config",
    "VIRTIO_BT_F_VND_HCI",
    "VIRTIO_BT_F_MSFT_EXT",
    "VIRTIO_BT_F_AOSP_EXT",
    "VIRTIO_BT_CONFIG_TYPE_PRIMARY",
    "VIRTIO_BT_CONFIG_VENDOR_NONE",
    "VIRTIO_BT_CONFIG_VENDOR_ZEPHYR",
    "VIRTIO_BT_CONFIG_VENDOR_INTEL",
    "VIRTIO_BT_CONFIG_VENDOR_REALTEK",
    "virtio_pcidev_msg",
    "VIRTIO_PCIDEV_OP_RESERVED",
    "VIRTIO_PCIDEV_OP_CFG_READ",
    "VIRTIO_PCIDEV_OP_CFG_WRITE",
    "VIRTIO_PCIDEV_OP_MMIO_READ",
    "VIRTIO_PCIDEV_OP_MMIO_WRITE",
    "VIRTIO_PCIDEV_OP_MMIO_MEMSET",
    "VIRTIO_PCIDEV_OP_INT",
    "VIRTIO_PCIDEV_OP_MSI",
    "VIRTIO_PCIDEV_OP_PME",
    "VIRTIO_ID_DMABUF",
  ],
  "A struct that is compared, and padding behind it": [
    "virtio_crypto_cipher_session_req",
    "virtio_crypto_hash_create_session_req",
    "virtio_crypto_mac_create_session_req",
    "virtio_crypto_aead_create_session_req",
    "virtio_crypto_akcipher_create_session_req",
    "virtio_crypto_alg_chain_session_req",
    "virtio_crypto_cipher_data_req",
    "virtio_crypto_hash_data_req",
    "virtio_crypto_mac_data_req",
    "virtio_crypto_alg_chain_data_req",
    "virtio_crypto_sym_data_req",
    "virtio_crypto_aead_data_req",
    "virtio_crypto_akcipher_data_req",
  ],
  "Legacy SCSI packet commands of block devices, which are not offered": [
    "virtio_scsi_inhdr",
  ],
  "Channel maps in a draft of the standard": [
    "virtio_snd_chmap_hdr",
  ],
  "What programs keep in memory of their own": [
    "vring",
    "VIRTIO_BALLOON_S_NAMES",
    "VIRTIO_BALLOON_S_NR",
  ],
  "Another name for a constant that is compared": [
    "VIRTIO_BLK_F_WCE",
    "VIRTIO_F_IOMMU_PLATFORM",
  ],
  "The standard has no name for the number or the bit": [
    "VIRTIO_BALLOON_PFN_SHIFT",
    "VIRTIO_BLK_ID_BYTES",
    "VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP",
    "VIRTIO_CONSOLE_BAD_ID",
    "VIRTIO_FS_SHMCAP_ID_CACHE",
    "VIRTIO_GPU_UNDEFINED",
    "VIRTIO_IOMMU_MAP_F_MASK",
    "VIRTIO_IOMMU_PROBE_T_NONE",
    "VIRTIO_IOMMU_PROBE_T_MASK",
    "VIRTIO_PCI_ABI_VERSION",
    "VIRTIO_PCI_VRING_ALIGN",
    "VIRTIO_SCSI_CDB_DEFAULT_SIZE",
    "VIRTIO_SCSI_SENSE_DEFAULT_SIZE",
    "VIRTIO_SCSI_CDB_SIZE",
    "VIRTIO_SCSI_SENSE_SIZE",
    "VRING_PACKED_EVENT_F_WRAP_CTR",
    "VIRTIO_TRANSPORT_F_START",
    "VIRTIO_TRANSPORT_F_END",
  ],
  "Linux has it beyond the standard": [
    "VIRTIO_CRYPTO_AKCIPHER_DSA",
    "VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP",
    "VIRTIO_IOMMU_FAULT_F_EXEC",
  ],
  "Offsets of fields whose struct is compared": [
    "VIRTIO_PCI_CAP_NEXT",
    "VIRTIO_PCI_CAP_LEN",
    "VIRTIO_PCI_CAP_CFG_TYPE",
    "VIRTIO_PCI_CAP_BAR",
    "VIRTIO_PCI_CAP_OFFSET",
    "VIRTIO_PCI_CAP_LENGTH",
    "VIRTIO_PCI_NOTIFY_CAP_MULT",
    "VIRTIO_PCI_COMMON_Q_DESCHI",
    "VIRTIO_PCI_COMMON_Q_AVAILHI",
    "VIRTIO_PCI_COMMON_Q_USEDHI",
  ],
  "Indices of queues": [
    "VIRTIO_SCMI_VQ_TX",
    "VIRTIO_SCMI_VQ_RX",
    "VIRTIO_SCMI_VQ_MAX_CNT",
    "VIRTIO_SND_VQ_CONTROL",
    "VIRTIO_SND_VQ_EVENT",
    "VIRTIO_SND_VQ_TX",
    "VIRTIO_SND_VQ_RX",
    "VIRTIO_SND_VQ_MAX",
  ],
};

/** Names of structs and constants that nothing is compared with. */
export const notCompared: ReadonlySet<string> = new Set(Object.values(left).flat());
