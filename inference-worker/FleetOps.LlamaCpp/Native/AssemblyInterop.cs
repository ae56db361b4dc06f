using System.Runtime.CompilerServices;

// Every struct that crosses is blittable and C's bool is a byte, so the runtime has nothing to translate.
[assembly: DisableRuntimeMarshalling]
