// A generated header needs no other before it.
#include "mirror.h"
