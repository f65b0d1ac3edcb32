/** Data without the mark of a description. */
export const answer = { name: "lamp", queues: {} };

/** A number. */
export const two = 2;
