throw new Error("no lamp today\nnor tomorrow");

export {};
