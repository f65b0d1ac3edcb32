throw "no lamp today";

export {};
