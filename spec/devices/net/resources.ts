/**
 * What group administration commands carry for the network device: capabilities, resource objects
 * and device parts (VIRTIO 1.4, 5.1.6 to 5.1.8 and 5.1.9.6).
 *
 * Capabilities and objects of IPsec have the layouts of the crypto device (5.9.9.9).
 *
 * @module
 */

import { array, bytes, le16, le32, padding, u8 } from "../../dsl.ts";
import { inbound, outbound } from "../crypto/ipsec.ts";
import type { AdminQueue, Enumeration } from "../../types.ts";

/** Ids and types. */
export const resourceEnums = {
  VIRTIO_NET_FF: {
    doc: "Capabilities for flow filters",
    section: "5.1.6",
    name: "FlowFilterCapability",
    members: {
      RESOURCE_CAP: { value: 0x0800, doc: "Limits of flow filters" },
      SELECTOR_CAP: { value: 0x0801, doc: "Headers that flow filters can look at" },
      ACTION_CAP: { value: 0x0802, doc: "What flow filters can do with a packet" },
    },
  },
  VIRTIO_NET_IPSEC: {
    doc: "Capabilities for IPsec",
    section: "5.1.6",
    name: "IpsecCapability",
    members: {
      RESOURCE_CAP: { value: 0x0803, doc: "How many security associations there can be" },
      SA_CAP: { value: 0x0804, doc: "Modes of IPsec, and what is possible in them" },
    },
  },
  VIRTIO_NET_RESOURCE_OBJ: {
    doc: "Types of resource objects",
    section: "5.1.7",
    name: "ResourceType",
    members: {
      FF_GROUP: { value: 0x0200, doc: "A group of flow filter rules" },
      FF_CLASSIFIER: { value: 0x0201, doc: "What a flow filter rule looks at" },
      FF_RULE: { value: 0x0202, doc: "A flow filter rule" },
      IPSEC_OUTB_SA: { value: 0x0203, doc: "A security association for sent packets" },
      IPSEC_INB_SA: { value: 0x0204, doc: "A security association for received packets" },
    },
  },
  VIRTIO_NET_DEV_PART: {
    doc: "Types of device parts",
    section: "5.1.8",
    name: "DevPartType",
    reserved: [[0x201, 0x5ff]],
    members: {
      CVQ_CFG_PART: {
        value: 0x200,
        doc: "A setting made by a command, selected by virtio_net_dev_part_cvq_selector",
      },
    },
  },
  VIRTIO_NET_FF_MASK_TYPE: {
    doc: "Packet headers that a selector can look at",
    section: "5.1.9.6.2.2",
    name: "FlowFilterMaskType",
    reserved: [[0x7, 0xff]],
    members: {
      ETH: { value: 0x1, doc: "14 bytes of Ethernet header" },
      IPV4: { value: 0x2, doc: "20 bytes of IPv4 header" },
      IPV6: { value: 0x3, doc: "40 bytes of IPv6 header" },
      TCP: { value: 0x4, doc: "20 bytes of TCP header" },
      UDP: { value: 0x5, doc: "8 bytes of UDP header" },
      ESP: { value: 0x6, doc: "8 bytes of ESP header" },
    },
  },
  VIRTIO_NET_FF_MASK_F: {
    doc: "What a selector can do",
    section: "5.1.9.6.2.2",
    name: "FlowFilterMaskFlags",
    as: "masks",
    members: {
      PARTIAL_MASK: { value: 1 << 0, doc: "It can look at single bits of a field" },
    },
  },
  VIRTIO_NET_FF_ACTION: {
    doc: "What happens to a packet that matches a rule",
    section: "5.1.9.6.2.3",
    name: "FlowFilterAction",
    reserved: [[0x5, 0xff]],
    members: {
      DROP: { value: 0x1, doc: "It is dropped" },
      DIRECT_RX_VQ: { value: 0x2, doc: "It goes to one receive queue" },
      IPSEC: { value: 0x3, doc: "It undergoes IPsec" },
      IPSEC_RECIRCULATE: { value: 0x4, doc: "It undergoes IPsec, then the rules once more" },
    },
  },
} as const satisfies Readonly<Record<string, Enumeration>>;

/** Layouts of flow filters. */
export const resourceStructs = {
  virtio_net_ff_cap_data: {
    doc: "Limits of flow filters",
    section: "5.1.9.6.2.1",
    size: 20,
    fields: {
      groups_limit: le32("Most groups"),
      classifiers_limit: le32("Most classifiers"),
      rules_limit: le32("Most rules of all groups together"),
      rules_per_group_limit: le32("Most rules of one group"),
      // 5.1.9.6.4 refuses a rule of this very priority, 5.1.9.6.2.1 calls it the highest one
      // NOTES.md: net-ff-prio
      last_rule_priority: u8("Highest priority of a rule"),
      selectors_per_classifier_limit: u8("Most selectors of one classifier"),
      reserved: padding(2),
    },
  },
  virtio_net_ff_selector: {
    doc: "Part of a packet's headers",
    section: "5.1.9.6.2.2",
    fields: {
      type: u8("The header", { enum: "VIRTIO_NET_FF_MASK_TYPE" }),
      flags: u8("What the selector can do", { enum: "VIRTIO_NET_FF_MASK_F" }),
      reserved: padding(2),
      length: u8("Bytes of the mask"),
      reserved1: padding(3),
      // NOTES.md: net-ff-mask
      mask: bytes("Bits of the header, in its own byte order", { field: "length" }),
    },
  },
  virtio_net_ff_cap_mask_data: {
    doc: "Selectors that a device supports, by ascending type, each type once",
    section: "5.1.9.6.2.2",
    fields: {
      count: u8("Number of selectors"),
      reserved: padding(7),
      selectors: array({ struct: "virtio_net_ff_selector" }, "Selectors", { field: "count" }),
    },
  },
  // NOTES.md: net-ff-actions
  // the text says virtio_net_ff_cap_actions, the listing virtio_net_ff_actions (5.1.9.6.2.3)
  virtio_net_ff_actions: {
    doc: "Actions that a device supports, by ascending value, each once",
    section: "5.1.9.6.2.3",
    fields: {
      count: u8("Number of actions"),
      reserved: padding(7),
      actions: array("u8", "Actions", { field: "count" }, { enum: "VIRTIO_NET_FF_ACTION" }),
    },
  },
  virtio_net_resource_obj_ff_group: {
    doc: "A group of rules",
    section: "5.1.9.6.3.1",
    size: 2,
    fields: { group_priority: le16("Its priority, different from that of other groups") },
  },
  virtio_net_resource_obj_ff_classifier: {
    doc: "What rules look at: an Ethernet header, then IP, then the transport",
    section: "5.1.9.6.3.2",
    fields: {
      count: u8("Number of selectors"),
      reserved: padding(7),
      selectors: array({ struct: "virtio_net_ff_selector" }, "Selectors", { field: "count" }),
    },
  },
  virtio_net_resource_obj_ff_rule: {
    doc: "A rule: what a packet must look like, and what happens to it then",
    section: "5.1.9.6.3.3",
    fields: {
      group_id: le32("Id of its group"),
      classifier_id: le32("Id of the classifier that cuts the keys out of a packet"),
      rule_priority: u8("Its priority within the group"),
      key_length: u8("Bytes of all keys together"),
      action: u8("What happens to a packet", { enum: "VIRTIO_NET_FF_ACTION" }),
      reserved: u8("Reserved", { reserved: true }),
      vq_index: le16("Index of a receive queue, for DIRECT_RX_VQ"),
      reserved1: padding(2),
      // NOTES.md: net-ff-keys
      keys: bytes("One key after the other, each as long as the mask of its selector", {
        field: "key_length",
      }),
    },
  },
} as const;

const flowFilters = ["ff_resource", "ff_selector", "ff_action"] as const;
const ipsec = ["ipsec_resource", "ipsec_sa"] as const;

/** What the driver administers. */
export const adminQueue = {
  doc: "Flow filters, IPsec and the parts of the device",
  section: "5.1.9.6",
  capabilities: {
    ff_resource: { tag: "VIRTIO_NET_FF_RESOURCE_CAP", struct: "virtio_net_ff_cap_data" },
    ff_selector: { tag: "VIRTIO_NET_FF_SELECTOR_CAP", struct: "virtio_net_ff_cap_mask_data" },
    ff_action: { tag: "VIRTIO_NET_FF_ACTION_CAP", struct: "virtio_net_ff_actions" },
    ipsec_resource: {
      tag: "VIRTIO_NET_IPSEC_RESOURCE_CAP",
      struct: "virtio_crypto_ipsec_resource_cap",
    },
    ipsec_sa: { tag: "VIRTIO_NET_IPSEC_SA_CAP", struct: "virtio_crypto_ipsec_sa_cap_data" },
  },
  objects: {
    ff_group: {
      tag: "VIRTIO_NET_RESOURCE_OBJ_FF_GROUP",
      struct: "virtio_net_resource_obj_ff_group",
      // 5.1.9.6.4: the lower of the two, though the second one is about rules
      limit: { of: "ff_resource", by: ["groups_limit", "rules_per_group_limit"] },
      requires: flowFilters,
      unique: "group_priority",
    },
    ff_classifier: {
      tag: "VIRTIO_NET_RESOURCE_OBJ_FF_CLASSIFIER",
      struct: "virtio_net_resource_obj_ff_classifier",
      limit: { of: "ff_resource", by: ["classifiers_limit"] },
      requires: flowFilters,
    },
    ff_rule: {
      tag: "VIRTIO_NET_RESOURCE_OBJ_FF_RULE",
      struct: "virtio_net_resource_obj_ff_rule",
      // 5.1.9.6.4: whichever is lower
      limit: { of: "ff_resource", by: ["rules_limit", "rules_per_group_limit"] },
      requires: flowFilters,
      within: { of: "ff_action", fields: [["action", "actions"]] },
      needs: { group_id: "ff_group", classifier_id: "ff_classifier" },
    },
    ipsec_outb_sa: {
      tag: "VIRTIO_NET_RESOURCE_OBJ_IPSEC_OUTB_SA",
      struct: "virtio_crypto_resource_obj_ipsec_sa_256b_key",
      limit: { of: "ipsec_resource", by: ["outb_sa_limit"] },
      requires: ipsec,
      within: outbound,
    },
    ipsec_inb_sa: {
      tag: "VIRTIO_NET_RESOURCE_OBJ_IPSEC_INB_SA",
      struct: "virtio_crypto_resource_obj_ipsec_sa_256b_key",
      limit: { of: "ipsec_resource", by: ["inb_sa_limit"] },
      requires: ipsec,
      within: inbound,
    },
  },
  parts: ["VIRTIO_NET_DEV_PART"],
} as const satisfies AdminQueue;
