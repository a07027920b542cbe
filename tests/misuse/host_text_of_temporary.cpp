// A view of a string that is gone when the function returns.
// error: deleted
#include <string>
#include <vector>

#include "tenon/host_view.h"

tenon::HostText name(const std::string& kept);
tenon::HostText name(const std::string& kept) {
#ifdef MISUSE
  return tenon::HostText(kept + ".txt");
#else
  return tenon::HostText(kept);
#endif
}

tenon::HostList<int> list(const std::vector<int>& kept);
tenon::HostList<int> list(const std::vector<int>& kept) {
#ifdef MISUSE
  return tenon::HostList<int>(std::vector<int>(kept));
#else
  return tenon::HostList<int>(kept);
#endif
}
