/* The commands of spec and loader: `lona module ...`, `lona wast ...`.  Each gets argv[0] = its own name. */
#ifndef LOADER_PORT_HOSTED_MODULE_MAIN_H
#define LOADER_PORT_HOSTED_MODULE_MAIN_H

int module_main(int argc, char **argv);
int module_prove(int argc, char **argv);
int module_facts(int argc, char **argv);
int module_run(int argc, char **argv);
int module_time(int argc, char **argv);
int wast_main(int argc, char **argv);

#endif
