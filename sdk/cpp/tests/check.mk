# Included by the Makefile where the tests are. The reference is compiled without the sources that speak to a driver.

SPEAKING = outgoing incoming connections
TESTED   = $(filter-out $(SPEAKING:%=reference/%.cpp),$(wildcard reference/*.cpp))
TESTS    = $(wildcard tests/*.cpp)
CHECKS   = build/codec.o $(TESTED:%.cpp=build/%.o) $(TESTS:%.cpp=build/%.o)

check: build/tests/check programs
	build/tests/check

# Both programs are to build, whichever OUTGOING is.
programs:
	+@$(MAKE) --no-print-directory OUTGOING=template
	+@$(MAKE) --no-print-directory OUTGOING=reference

build/tests/check: $(CHECKS)
	$(CXX) -pthread $(LDFLAGS) -o $@ $^

build/tests/%.o: COMPILE += -Ireference -DVECTORS='"$(or $(VECTORS),../../lab/exp4/testdata)/"'
build/reference/%.o: COMPILE += -Ireference

.PHONY: programs

-include $(CHECKS:.o=.d)
