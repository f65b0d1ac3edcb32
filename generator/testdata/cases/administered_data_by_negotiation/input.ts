import { array, bytes, le16, payload, struct, u8, union } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

const layouts = {
  gated: { watts: u8("Power"), level: u8("Level", { when: "DIM" }) },
  grown: { level: u8("Level", { when: "DIM" }) },
  ordered: { inner: struct("swapped", "A number in the order of the session") },
  swapped: { watts: { kind: "scalar", type: "session16", doc: "Power" } },
  deployed: { level: u8("Level", { strict: false }) },
  configured: { levels: array("u8", "Levels", { config: "watts" }) },
  bounded: { watts: u8("Power", { max: { config: "watts" } }) },
  outside: {
    inner: union("Bulb", { state: "kind" }, { bulb: { tag: 0, struct: "elsewhere" } }, { size: 4 }),
  },
  elsewhere: { text: bytes("Text", { given: "length" }) },
  rest: { count: u8("Count"), text: bytes("Text", "rest") },
  memory: { length: le16("Length"), text: payload("Text", { field: "length" }) },
};
const names = Object.keys(layouts);
const number = (at: number) => 0x800 + at;

export const input = {
  ...lamp,
  enums: {
    ...lamp.enums,
    VIRTIO_LAMP_CAP: {
      doc: "Capabilities",
      name: "Capability",
      members: Object.fromEntries([...names, "lost"].map((name, at) => [name, number(at)])),
    },
  },
  structs: Object.fromEntries(
    Object.entries(layouts).map(([name, fields]) => [
      name,
      { doc: name, fields, ...(name === "grown" ? { grows: true } : {}) },
    ]),
  ),
  adminQueue: {
    doc: "What is administered",
    capabilities: Object.fromEntries(
      [...names, "lost"].map((name) => [name, { tag: `VIRTIO_LAMP_CAP_${name}`, struct: name }]),
    ),
  },
};
