export const input = {
  dsl: 1,
  name: "lamp",
  features: { DIM: { bit: 0 } },
  config: {},
  queues: { requestq: {} },
};
