namespace FleetOps.TestModels;

/// <summary>How a tensor is stored; the values are ggml's.</summary>
public enum TensorType : uint
{
    F32 = 0,
    F16 = 1,
    Q8_0 = 8,
}
