export { Chance, type Dice } from "./chance.ts";
