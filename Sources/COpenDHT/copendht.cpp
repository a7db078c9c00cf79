#include "include/copendht.h"
