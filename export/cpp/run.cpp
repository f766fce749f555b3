// Draws the images of a seed file with a generator that kerasgan exported to ONNX, through ONNX Runtime's C++ API.
//
//     apt install g++ pkg-config libonnxruntime-dev     # Debian 13; elsewhere its headers and any later libonnxruntime,
//                                                       # such as the one in the Python package (onnxruntime/capi)
//     g++ -std=c++17 -O2 run.cpp -o run $(pkg-config --cflags --libs libonnxruntime)
//     ./run generator.onnx --seeds seeds.json -o drawn.png
//     ./run bundle -o drawn.png                         # the folder, with its seeds.json
//
// The seed file is JSON: for each input of the model a list with a value for each image. Pictures, for a model that
// makes images of images, are levels from 0 to 255; what the file does not name is fed with zeros (noise) or ones
// (truncation).

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

constexpr int64_t chunk = 64;  // images at a time

struct Array {
  std::vector<int64_t> shape;
  std::vector<double> numbers;
};

int64_t product(std::vector<int64_t> const& shape, size_t from = 0) {
  int64_t result = 1;
  for (size_t axis = from; axis < shape.size(); ++axis) result *= shape[axis];
  return result;
}

// As much of JSON as a seed file is: an object of nested lists of numbers.
class SeedFile {
 public:
  explicit SeedFile(std::string const& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("Expected a seed file. Received: " + path + ", which cannot be read");
    text_.assign(std::istreambuf_iterator<char>(file), {});
    expect('{');
    do {
      expect('"');
      auto const end = text_.find('"', place_);
      if (end == std::string::npos) throw std::runtime_error("Expected the end of a name in the seed file.");
      auto const name = text_.substr(place_, end - place_);
      place_ = end + 1;
      expect(':');
      read(arrays[name], 0);
    } while (next() == ',' && ++place_);
    expect('}');
  }

  std::map<std::string, Array> arrays;

 private:
  char next() {
    place_ = std::min(text_.find_first_not_of(" \t\r\n", place_), text_.size());
    return place_ < text_.size() ? text_[place_] : '\0';
  }

  void expect(char wanted) {
    if (next() != wanted) {
      throw std::runtime_error(std::string("Expected ") + wanted + " at byte " + std::to_string(place_) +
                               " of the seed file.");
    }
    ++place_;
  }

  void read(Array& array, size_t depth) {
    if (next() != '[') {
      char const* const start = text_.c_str() + place_;
      char* end = nullptr;
      array.numbers.push_back(std::strtod(start, &end));
      if (end == start) throw std::runtime_error("Expected a number at byte " + std::to_string(place_) + " of the seed file.");
      place_ += static_cast<size_t>(end - start);
      return;
    }
    if (array.shape.size() <= depth) array.shape.push_back(0);
    int64_t count = 0;
    do {
      ++place_;
      read(array, depth + 1);
      ++count;
    } while (next() == ',');
    expect(']');
    array.shape[depth] = count;
  }

  std::string text_;
  size_t place_ = 0;
};

// The tensor of an input for the images from `start` on; it reads `floats` or `ints`, which must outlive it.
Ort::Value fed(std::string const& name, Ort::ConstTensorTypeAndShapeInfo const& wanted, SeedFile const& seeds, int64_t start,
               int64_t count, std::vector<float>& floats, std::vector<int32_t>& ints) {
  auto const found = seeds.arrays.find(name);
  auto shape = found == seeds.arrays.end() ? wanted.GetShape() : found->second.shape;
  shape[0] = count;
  std::vector<double> values;
  if (found != seeds.arrays.end()) {
    int64_t const row = product(shape, 1);
    auto const begin = found->second.numbers.begin() + start * row;
    values.assign(begin, begin + count * row);
  } else if (name == "noise" || name == "truncation") {
    values.assign(static_cast<size_t>(product(shape)), name == "truncation" ? 1.0 : 0.0);
  } else {
    std::string names;
    for (auto const& [given, _] : seeds.arrays) names += (names.empty() ? "" : ", ") + given;
    throw std::runtime_error("Expected " + name + " in the seed file. Received: " + names);
  }
  auto const memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  auto const type = wanted.GetElementType();
  if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
    floats.assign(values.begin(), values.end());
    if (name == "images") {
      for (auto& level : floats) level = level / 127.5f - 1.0f;
    }
    return Ort::Value::CreateTensor<float>(memory, floats.data(), floats.size(), shape.data(), shape.size());
  }
  if (type == ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32) {
    ints.assign(values.begin(), values.end());
    return Ort::Value::CreateTensor<int32_t>(memory, ints.data(), ints.size(), shape.data(), shape.size());
  }
  throw std::runtime_error("Expected inputs of float32 or int32. Received: another type of " + name);
}

// Levels of an output: uint8 as they are, float32 from [-1, 1], halves rounded to even.
std::vector<uint8_t> levels(Ort::Value const& images) {
  auto const info = images.GetTensorTypeAndShapeInfo();
  auto const count = info.GetElementCount();
  if (info.GetElementType() == ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8) {
    auto const* const data = images.GetTensorData<uint8_t>();
    return {data, data + count};
  }
  if (info.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
    throw std::runtime_error("Expected images of float32 or uint8. Received: another type");
  }
  auto const* const data = images.GetTensorData<float>();
  std::vector<uint8_t> made(count);
  std::transform(data, data + count, made.begin(), [](float value) {
    return static_cast<uint8_t>(std::nearbyint((std::clamp(value, -1.0f, 1.0f) + 1.0f) * 127.5f));
  });
  return made;
}

// PNG, 8 bits a channel, not compressed.
class Png {
 public:
  static void write(std::string const& path, std::vector<uint8_t> const& pixels, uint32_t height, uint32_t width,
                    uint32_t channels) {
    std::ofstream file(path, std::ios::binary);
    file.write("\x89PNG\r\n\x1a\n", 8);
    std::string header = number(height);
    header.insert(0, number(width));
    header += {8, "\0\0\4\2\6"[channels], 0, 0, 0};  // gray, gray with alpha, RGB, RGB with alpha
    part(file, "IHDR", header);
    std::string lines;
    uint32_t const line = width * channels;
    for (uint32_t row = 0; row < height; ++row) {
      lines += '\0';  // the line's filter: none
      lines.append(reinterpret_cast<char const*>(pixels.data()) + row * line, line);
    }
    part(file, "IDAT", stored(lines));
    part(file, "IEND", "");
    if (!file.flush()) throw std::runtime_error("Expected to write " + path + ". Received: an error of the disk");
  }

 private:
  static std::string number(uint32_t value) {
    return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
  }

  static void part(std::ostream& file, std::string const& kind, std::string const& content) {
    auto const body = kind + content;
    uint32_t crc = ~0u;
    for (unsigned char byte : body) {
      crc ^= byte;
      for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    file << number(static_cast<uint32_t>(content.size())) << body << number(~crc);
  }

  // zlib's format (RFC 1950) with stored blocks (RFC 1951, 3.2.4).
  static std::string stored(std::string const& bytes) {
    std::string made = "\x78\x01";
    uint32_t a = 1, b = 0;
    for (unsigned char byte : bytes) {
      a = (a + byte) % 65521;
      b = (b + a) % 65521;
    }
    for (size_t start = 0; start < bytes.size(); start += 65535) {
      auto const size = static_cast<uint32_t>(std::min<size_t>(65535, bytes.size() - start));
      made += {char(start + size == bytes.size()), char(size), char(size >> 8), char(~size), char(~size >> 8)};
      made.append(bytes, start, size);
    }
    return made + number(b << 16 | a);
  }
};

// Copies an image to its cell of a picture with `columns` cells in a row.
void place(std::vector<uint8_t>& picture, uint8_t const* image, int64_t index, int64_t columns, int64_t height, int64_t line) {
  auto const row = index / columns, column = index % columns;
  for (int64_t y = 0; y < height; ++y) {
    std::copy_n(image + y * line, line, picture.begin() + ((row * height + y) * columns + column) * line);
  }
}

// The path of a model's file, which is `path` or the one in that folder.
std::string found(std::string const& path) {
  namespace files = std::filesystem;
  if (files::is_regular_file(path)) return path;
  std::vector<std::string> models;
  if (files::is_directory(path)) {
    for (auto const& each : files::directory_iterator(path)) {
      if (each.path().extension() == ".onnx") models.push_back(each.path().string());
    }
  }
  if (models.size() != 1) throw std::runtime_error("Expected a model, or a folder with one *.onnx. Received: " + path);
  return models[0];
}

Ort::Session opened(Ort::Env const& environment, std::string const& model) {
  try {
    return Ort::Session(environment, model.c_str(), Ort::SessionOptions{});
  } catch (Ort::Exception const&) {
    throw std::runtime_error("Expected a file that ONNX Runtime opens. Received: " + model);
  }
}

void draw(std::string const& path, std::string seed_file, std::string const& output) {
  auto const model = found(path);
  if (seed_file.empty()) seed_file = model == path ? "seeds.json" : (std::filesystem::path(path) / "seeds.json").string();
  SeedFile const seeds(seed_file);
  int64_t const count = seeds.arrays.begin()->second.shape.at(0);
  Ort::Env const environment(ORT_LOGGING_LEVEL_ERROR);
  auto session = opened(environment, model);
  Ort::AllocatorWithDefaultOptions const allocator;
  auto const output_name = session.GetOutputNameAllocated(0, allocator);
  auto const columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  auto const rows = (count + columns - 1) / columns;
  std::vector<uint8_t> picture;
  std::vector<int64_t> shape;
  for (int64_t start = 0; start < count; start += chunk) {
    size_t const inputs = session.GetInputCount();
    std::vector<std::string> names;
    std::vector<Ort::Value> feeds;
    std::vector<std::vector<float>> floats(inputs);
    std::vector<std::vector<int32_t>> ints(inputs);
    for (size_t input = 0; input < inputs; ++input) {
      names.emplace_back(session.GetInputNameAllocated(input, allocator).get());
      auto const type = session.GetInputTypeInfo(input);
      feeds.push_back(fed(names.back(), type.GetTensorTypeAndShapeInfo(), seeds, start, std::min(chunk, count - start),
                          floats[input], ints[input]));
    }
    std::vector<char const*> input_names;
    for (auto const& name : names) input_names.push_back(name.c_str());
    char const* const outputs[] = {output_name.get()};
    auto const made = session.Run(Ort::RunOptions{}, input_names.data(), feeds.data(), inputs, outputs, 1);
    shape = made[0].GetTensorTypeAndShapeInfo().GetShape();
    auto const pixels = levels(made[0]);
    picture.resize(static_cast<size_t>(rows * columns * product(shape, 1)));
    for (int64_t image = 0; image < shape[0]; ++image) {
      place(picture, pixels.data() + image * product(shape, 1), start + image, columns, shape[1], shape[2] * shape[3]);
    }
  }
  Png::write(output, picture, static_cast<uint32_t>(rows * shape[1]), static_cast<uint32_t>(columns * shape[2]),
             static_cast<uint32_t>(shape[3]));
  std::cout << output << ": " << count << " images\n";
}

int main(int argc, char** argv) {
  std::string model, seeds, output = "drawn.png";
  for (int at = 1; at < argc; ++at) {
    std::string const argument = argv[at];
    if (argument == "--seeds" && at + 1 < argc) {
      seeds = argv[++at];
    } else if ((argument == "-o" || argument == "--output") && at + 1 < argc) {
      output = argv[++at];
    } else {
      model = argument;
    }
  }
  try {
    if (model.empty()) throw std::runtime_error("Expected one model. Received: none");
    draw(model, seeds, output);
  } catch (std::exception const& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
