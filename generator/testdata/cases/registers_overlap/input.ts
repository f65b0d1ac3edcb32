export const input = {
  dsl: 1,
  name: "panel",
  title: "Panel",
  section: "none",
  doc: "Registers of a panel",
  features: { WIDE: { bit: 130, doc: "It is wide", by: "runtime" } },
  registers: {
    front: {
      doc: "The front",
      section: "none",
      registers: {
        level: { offset: 0, size: 4, access: "RW", doc: "Level" },
        colour: { offset: 2, size: 4, access: "R", doc: "Colour" },
        state: { offset: 8, size: 4, access: "R", doc: "State, when read" },
        acknowledge: { offset: 8, size: 4, access: "W", doc: "Acknowledges, when written" },
      },
    },
  },
};
