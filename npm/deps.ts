/** The compiler that builds the package: the one place that names it. @module */

export { default as ts } from "npm:typescript@6.0.3";
