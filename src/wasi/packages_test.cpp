#include "wasi/packages.h"

#include <gtest/gtest.h>

#include "wasi/driver.h"
#include "wasi/link.h"

namespace tenon::wasi {
namespace {

TEST(Packages, OfOneComponentAreThoseThatItImports) {
  const Engine engine = Engine::create().value();
  const Component network =
      component::component_of(engine, R"((component (import "wasi:sockets/network@0.2.0" (instance (export "network" (type (sub resource)))))))").value();
  const Component clock = component::component_of(engine, R"((component (import "wasi:clocks/timezone@0.2.0" (instance))))").value();
  Linker linker(engine);
  ASSERT_TRUE(add_imported(linker, network));
  EXPECT_TRUE(linker.instantiate_pre(network));
  Linker other(engine);
  ASSERT_TRUE(add_imported(other, clock));
  EXPECT_FALSE(other.instantiate_pre(network)) << "what the component does not import is not there";
}

TEST(Packages, OfAComponentThatImportsAllAreAll) {
  const Engine engine = Engine::create().value();
  const Component all = component::component_of(engine, driver::driver_guest("0.2.6")).value();
  Linker linker(engine);
  ASSERT_TRUE(add_imported(linker, all));
  EXPECT_TRUE(linker.instantiate_pre(all));
}

}  // namespace
}  // namespace tenon::wasi
