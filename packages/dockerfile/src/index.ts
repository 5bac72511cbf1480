export type * from './instruction.ts';
