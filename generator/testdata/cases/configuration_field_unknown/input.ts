import { le16 } from "../../../../spec/dsl.ts";
import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  config: {
    ...lamp.config,
    notifies: ["watts", "level"],
    silent: ["watt"],
    noLess: [{ field: "watts", while: "level" }],
    fields: {
      ...lamp.config.fields,
      most: le16("Most levels", { max: { config: "lvls" } }),
      events: le16("Events", { driverWrites: { clears: "event" } }),
    },
  },
  queues: {
    requestq: { ...lamp.queues.requestq, count: { config: "num_queues" } },
    eventq: { ...lamp.queues.requestq, index: { config: "DIM" } },
  },
};
