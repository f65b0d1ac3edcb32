import { lamp } from "../../lamp.ts";

export const input = {
  ...lamp,
  sharedMemory: {
    picture: { id: 1, doc: "A picture" },
    sound: { id: 1, doc: "A sound" },
    smell: { id: 256, doc: "A smell" },
  },
};
